import type { Plugin } from 'vite';

/**
 * watlas's bindings (Emscripten's embind) write the text of a function for each method that is bound, which a page's
 * policy forbids. Each place is replaced by a closure that does the same.
 */
const closures: readonly (readonly [written: string, closure: string])[] = [
  [
    // A bound method: arguments to the wire, the call, what they held let go, the result from the wire.
    'let[args,invokerFnBody]=createJsInvoker(argTypes,isClassMethodFunc,returns,isAsync);' +
      'var invokerFn=new Function(...args,invokerFnBody)(...closureArgs);',
    `var invokerFn = function (...args) {
      checkArgCount(args.length, minArgs, expectedArgCount, humanName, throwBindingError);
      const destructors = needsDestructorStack ? [] : null;
      const values = isClassMethodFunc ? [this, ...args] : args;
      const types = argTypes.slice(isClassMethodFunc ? 1 : 2);
      const wired = types.map((type, i) => type.toWireType(destructors, values[i]));
      const result = cppInvokerFunc(cppTargetFunc, ...wired);
      if (destructors) runDestructors(destructors);
      else types.forEach((type, i) => type.destructorFunction?.(wired[i]));
      if (returns) return argTypes[0].fromWireType(result);
    };`,
  ],
  [
    // A call of a JavaScript function, constructor (kind 1) or method (kind 0) with arguments that lie in memory.
    'var invokerFunction=new Function(...params,functionBody)(...args);',
    `var invokerFunction = (obj, func, destructorsRef, place) => {
      const values = types.map((type) => {
        const value = type.readValueFromPointer(place);
        place += type.argPackAdvance;
        return value;
      });
      const result = kind === 1 ? new func(...values) : func.call(...(kind === 0 ? [obj] : []), ...values);
      if (!retType.isVoid) return emval_returnValue(retType, destructorsRef, result);
    };`,
  ],
];

/** Makes watlas run without dynamic execution. */
export const watlasWithoutEval = (): Plugin => ({
  name: 'watlas-without-eval',
  transform: {
    filter: { id: /watlas\/dist\/watlas\.js/ },
    handler(code) {
      let own = code;
      for (const [written, closure] of closures) {
        if (!own.includes(written)) {
          throw new Error(
            "watlas's bindings have changed: its functions are still written as text.",
          );
        }
        own = own.replace(written, () => closure);
      }
      if (/new Function|\beval\(/.test(own)) throw new Error('watlas still runs text.');
      return { code: own, map: null };
    },
  },
});
