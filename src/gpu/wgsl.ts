const comments = /\/\/[^\n]*|\/\*[\s\S]*?\*\//g;
const name = /\b[A-Za-z_]\w*/g;
/** Keyword and name of a declaration, after its attributes. */
const head = /\b(fn|override|const|var|struct|alias)\b(?:<[^>]*>)?\s+(\w+)/;

interface Declaration {
  readonly keyword: string;
  /** All names in it, its own and those that it uses among them. */
  readonly mentions: readonly string[];
}

/** Declarations of a WGSL text outside of functions, by name. */
function declarations(code: string): Map<string, Declaration> {
  const found = new Map<string, Declaration>();
  for (const text of statements(code.replace(comments, ' '))) {
    const [, keyword, declared] = head.exec(text) ?? [];
    if (keyword && declared) found.set(declared, { keyword, mentions: text.match(name) ?? [] });
  }
  return found;
}

/** Cuts a text without comments after each `;` and each `}` that is outside of all braces. */
function* statements(code: string): Generator<string> {
  let depth = 0;
  let start = 0;
  for (let i = 0; i < code.length; i++) {
    if (code[i] === '{') depth++;
    if (code[i] === '}') depth--;
    if (depth === 0 && (code[i] === ';' || code[i] === '}')) {
      yield code.slice(start, i + 1);
      start = i + 1;
    }
  }
}

/**
 * Names of the `override`s that an entry point depends on, by itself or by what it calls. A local variable with
 * the name of an override counts as a use of it.
 */
export function overridesOf(code: string, entryPoint: string): ReadonlySet<string> {
  const declared = declarations(code);
  const reached = new Set([entryPoint]);
  // A set is walked in the order of insertion, what is added on the way included.
  for (const each of reached) {
    for (const mention of declared.get(each)?.mentions ?? []) reached.add(mention);
  }
  return new Set([...reached].filter((each) => declared.get(each)?.keyword === 'override'));
}
