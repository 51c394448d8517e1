/** The same object with some of its methods replaced, so that a test can make one of them fail or wait. */
export function overriding<T extends object>(target: T, overrides: Partial<T>): T {
  return new Proxy(target, {
    get: (object, name) => {
      const member = Reflect.get(overrides, name) ?? Reflect.get(object, name);
      return typeof member === 'function' ? member.bind(object) : member;
    },
  });
}
