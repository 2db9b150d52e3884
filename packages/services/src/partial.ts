/**
 * Facts of which only these are known, because the environment said no more: asking for another one throws and says so, instead of
 * handing out `undefined` that fails somewhere else.
 */
export function partial<Facts extends object>(variable: string, known: Partial<Facts>): Facts {
  return new Proxy(known, {
    get(target, key, receiver) {
      // What promises and printers look for in any object.
      if (key in target || typeof key === 'symbol' || key === 'then' || key === 'toJSON') return Reflect.get(target, key, receiver);
      throw new Error(`${variable} names a server of which "${key}" is not known: unset it, and the tests start one that has everything`);
    },
  }) as Facts;
}
