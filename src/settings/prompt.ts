import { SettingsError } from '../schema';

/** Longest prompt that is accepted, in characters; the text encoder reads fewer tokens still. */
export const maxPromptLength = 1000;

/** @throws SettingsError for a prompt that says nothing or is a document rather than a prompt. */
export function validatePrompt(prompt: string): void {
  if (prompt.trim() === '') {
    throw new SettingsError(
      'The prompt is empty.',
      'Describe one object, for example "a pine tree".',
    );
  }
  if (prompt.length > maxPromptLength) {
    throw new SettingsError(
      `The prompt has ${prompt.length} characters; at most ${maxPromptLength} are accepted.`,
      'Name one object in a short phrase.',
    );
  }
}
