import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onPath, outputOf, retry, run, say } from './process.mjs';

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** Another apt may be at work: wait for its lock, and let apt itself retry single files. */
const patience = ['-q', '--option=DPkg::Lock::Timeout=300', '--option=Acquire::Retries=3'];

/** Whether this machine installs its packages with apt. */
export const hasApt = () => Boolean(onPath('apt-get') && onPath('dpkg-deb'));

/**
 * Installs those of some Debian packages that are missing, for the whole machine, with sudo where this is not root.
 *
 * @param {string[]} names
 * @param {string} purpose completes "…, needed for …" in messages
 * @throws {Error} with the command to run by hand, if it cannot be done from here
 */
export function install(names, purpose) {
  const packages = names.filter((name) => !isInstalled(name));
  if (packages.length === 0) return;
  const asRoot = rootCommand();
  const byHand = `apt-get update && apt-get install -y ${packages.join(' ')}`;
  if (!asRoot)
    throw new Error(
      `${packages.join(', ')} (Debian) are missing for ${purpose}. As root, run: ${byHand}`,
    );
  say(`installing ${packages.join(', ')} (Debian) for ${purpose}; this can take minutes`);
  const apt = (/** @type {string[]} */ ...args) => {
    const [command, ...rest] = [...asRoot, 'apt-get', ...patience, ...args];
    run(/** @type {string} */ (command), rest);
  };
  try {
    retry('apt-get', (attempt) => {
      // An index that is missing or out of date names packages that the mirror does not have.
      if (attempt > 0 || !packages.every((name) => candidateVersion(name))) apt('update');
      apt('install', '-y', '--no-install-recommends', ...packages);
    });
  } catch (error) {
    throw new Error(
      `${packages.join(', ')} (Debian) are missing for ${purpose} and could not be installed: that needs a network and root. Where there are both, run: ${byHand}`,
      { cause: error },
    );
  }
}

/** @param {string} name of a package */
const isInstalled = (name) =>
  outputOf('dpkg-query', ['-s', name], { LC_ALL: 'C' }).includes('ok installed');

/** @returns {string[] | undefined} what to put before a command that only root may run */
function rootCommand() {
  if (process.getuid?.() === 0) return ['env', 'DEBIAN_FRONTEND=noninteractive'];
  if (!onPath('sudo')) return undefined;
  // Without a terminal nobody can type a password.
  const sudo = process.stdin.isTTY ? ['sudo'] : ['sudo', '-n'];
  return [...sudo, 'env', 'DEBIAN_FRONTEND=noninteractive'];
}

/**
 * The version that apt would install.
 *
 * @param {string} name
 * @returns {string | undefined} undefined if apt's index does not have the package
 */
export function candidateVersion(name) {
  const candidate = /Candidate: (\S+)/.exec(
    outputOf('apt-cache', ['policy', name], { LC_ALL: 'C' }),
  );
  return candidate?.[1] === '(none)' ? undefined : candidate?.[1];
}

/**
 * Downloads one package of `<codename>-backports` without changing the system: a private configuration whose only
 * source is that suite, on the mirror (and through the proxies and credentials) that the machine's own apt uses.
 *
 * @param {string} name
 * @param {string} codename of the Debian release, such as bookworm
 * @param {string} folder where apt's lists and the .deb go
 * @returns {string} path of the .deb
 */
export function downloadFromBackports(name, codename, folder) {
  const source = join(folder, 'backports.list');
  const lists = join(folder, 'lists');
  const archives = join(folder, 'cache');
  for (const made of [join(lists, 'partial'), join(archives, 'archives', 'partial')]) {
    mkdirSync(made, { recursive: true });
  }
  const mirror = mirrorOf(codename);
  const signed = existsSync(keyring) ? ` [signed-by=${keyring}]` : '';
  writeFileSync(source, `deb${signed} ${mirror} ${codename}-backports main\n`);
  const options = [
    ...patience,
    `--option=Dir::Etc::SourceList=${source}`,
    '--option=Dir::Etc::SourceParts=/dev/null',
    `--option=Dir::State::Lists=${lists}`,
    `--option=Dir::Cache=${archives}`,
    // apt's own user cannot write here.
    ...(process.getuid?.() === 0 ? ['--option=APT::Sandbox::User=root'] : []),
  ];
  say(`downloading ${name} from ${codename}-backports`);
  retry('apt-get', () => {
    run('apt-get', [...options, 'update']);
    run('apt-get', [...options, 'download', name], { cwd: folder });
  });
  const deb = readdirSync(folder).find((file) => file.endsWith('.deb'));
  if (!deb) throw new Error(`apt-get download ${name} left no package in ${folder}`);
  return join(folder, deb);
}

/**
 * The mirror that the machine's apt uses for a Debian release.
 *
 * @param {string} codename
 */
function mirrorOf(codename) {
  const targets = outputOf('apt-get', [
    'indextargets',
    ...['--format', '$(RELEASE) $(REPO_URI)'],
    'Created-By: Packages',
  ]);
  const target = targets
    .split('\n')
    .map((line) => line.split(' '))
    .find(([release]) => release === codename);
  return target?.[1] ?? 'http://deb.debian.org/debian';
}

/**
 * The names of the packages that a .deb depends on, without version bounds; of alternatives the first.
 *
 * @param {string} deb path of the .deb
 */
export function dependenciesOf(deb) {
  return outputOf('dpkg-deb', ['-f', deb, 'Depends'])
    .split(/[,\n]/)
    .map((dependency) => dependency.trim().split(/[\s|(:]/)[0] ?? '')
    .filter(Boolean);
}
