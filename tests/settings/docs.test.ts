import { expect, test } from 'vitest';
import { settingsPage } from './settings_page';

test('docs/settings.md says what the schemas say', async () => {
  await expect(settingsPage()).toMatchFileSnapshot('../../docs/settings.md');
});
