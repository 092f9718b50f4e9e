/**
 * A rule of `deno lint`: no list of unknown length is spread into a call.
 *
 * Each element becomes an argument on the stack, and a call of about 125,000 throws a RangeError. A
 * spread whose length has a bound is allowed by a comment that states it:
 * `// deno-lint-ignore cassette/spread -- at most 4 components`.
 */

const BOUND = /deno-lint-ignore[^\n]*\bcassette\/spread(?!.* -- \S)/;

/** What this rule reads of a call. */
interface Call {
  arguments: { type: string; argument?: { type: string } }[];
}

/** What this rule uses of its context, whose types are part of Deno's unstable ones. */
interface Context {
  filename: string;
  sourceCode: { getText(node: unknown): string };
  report(found: { node: unknown; message: string; hint: string }): void;
}

const rule = {
  create(context: Context) {
    if (!/(^|\/)src\//.test(context.filename.replaceAll("\\", "/"))) return {};
    const check = (node: Call) => {
      for (const argument of node.arguments) {
        if (argument.type !== "SpreadElement") continue;
        if (argument.argument?.type === "ArrayExpression") continue;
        context.report({
          node: argument,
          message: "A list of unknown length must not be spread into a call",
          hint:
            'Use a loop, or state the bound: "// deno-lint-ignore cassette/spread -- at most …"',
        });
      }
    };
    return {
      Program(node: unknown) {
        const text = context.sourceCode.getText(node);
        const found = text.split("\n").find((line) => BOUND.test(line));
        if (found === undefined) return;
        context.report({
          node,
          message: `An exception to cassette/spread must state its bound: received ${found.trim()}`,
          hint: 'Write "-- at most …" after the name of the rule',
        });
      },
      CallExpression: check,
      NewExpression: check,
    };
  },
};

const plugin = { name: "cassette", rules: { spread: rule } };
export default plugin;
