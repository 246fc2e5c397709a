/** A little of TeX as MathML, which browsers set themselves: letters, words, `_`, `^`, `{}`, and a few commands. */

const space = 'http://www.w3.org/1998/Math/MathML';

const letters: Readonly<Record<string, string>> = {
  alpha: 'α',
  beta: 'β',
  epsilon: 'ε',
  eta: 'η',
  lambda: 'λ',
  mu: 'μ',
  nabla: '∇',
  partial: '∂',
  phi: 'φ',
  psi: 'ψ',
  sigma: 'σ',
  tau: 'τ',
  theta: 'θ',
  emptyset: '∅',
  infty: '∞',
};

const operators: Readonly<Record<string, string>> = {
  to: '→',
  int: '∫',
  cdot: '·',
  Vert: '‖',
  le: '≤',
  sim: '∼',
  min: 'min',
  sum: '∑',
};

const signs: Readonly<Record<string, string>> = { '-': '−', "'": '′' };

function node(name: string, ...children: (Node | string)[]): Element {
  const element = document.createElementNS(space, name);
  element.append(...children);
  return element;
}

/** @throws Error for a command that is none of the above: formulas are the project's own. */
export function tex(source: string, display = false): Element {
  const tokens = source.match(/\\[a-zA-Z]+|\\[,;]|[A-Za-z]{2,}|\d+(?:\.\d+)?|\S/g) ?? [];
  let next = 0;

  const one = (): Element => {
    const token = tokens[next++] ?? '';
    if (token === '{') {
      const inside = many('}');
      next++;
      return inside;
    }
    if (token === '\\frac') return node('mfrac', one(), one());
    if (token === '\\sqrt') return node('msqrt', one());
    if (token === '\\hat') {
      const hat = node('mo', '^');
      hat.setAttribute('stretchy', 'false');
      const over = node('mover', one(), hat);
      over.setAttribute('accent', 'true');
      return over;
    }
    if (token === '\\,' || token === '\\;') {
      const gap = node('mspace');
      gap.setAttribute('width', token === '\\,' ? '0.2em' : '1em');
      return gap;
    }
    if (token.startsWith('\\')) {
      const name = token.slice(1);
      const letter = letters[name];
      if (letter) return node('mi', letter);
      const operator = operators[name];
      if (operator) return node('mo', operator);
      throw new Error(`Formulas have no '${token}'.`);
    }
    if (/^[a-z]{3,}$/.test(token) && !/[(_^]/.test(tokens[next] ?? '')) {
      const gap = node('mspace');
      gap.setAttribute('width', '0.17em');
      return node('mrow', node('mi', token), gap);
    }
    if (/^[A-Za-z]/.test(token)) return node('mi', token);
    if (/^\d/.test(token)) return node('mn', token);
    return node('mo', signs[token] ?? token);
  };

  const scripted = (): Element => {
    const base = one();
    const scripts: Record<string, Element> = {};
    while (tokens[next] === '_' || tokens[next] === '^') {
      const which = tokens[next++]!;
      scripts[which] = one();
    }
    const { _: low, '^': high } = scripts;
    if (low && high) return node('msubsup', base, low, high);
    if (low) return node('msub', base, low);
    return high ? node('msup', base, high) : base;
  };

  const many = (end?: string): Element => {
    const row = node('mrow');
    while (next < tokens.length && tokens[next] !== end) row.append(scripted());
    return row;
  };

  const math = node('math', many());
  if (display) math.setAttribute('display', 'block');
  return math;
}

/** Sets every `<span data-tex="…">` under a root. */
export function setFormulas(root: ParentNode): void {
  for (const place of root.querySelectorAll<HTMLElement>('[data-tex]')) {
    place.replaceChildren(tex(place.dataset.tex!, place.dataset.display !== undefined));
  }
}
