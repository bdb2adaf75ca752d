// The time that this machine believes in: an expression, for Node and for pages.
(skewMs) => {
  const Right = globalThis.Date;
  globalThis.Date = class Date extends Right {
    constructor(...given) {
      if (given.length) super(...given);
      else super(Right.now() + skewMs);
    }
    static now() {
      return Right.now() + skewMs;
    }
  };
}
