// An application in Node: it makes the calls by the library of Segment or of RudderStack, and its clock is wrong.
// node node_library.cjs PACKAGE URL KEY CALLS SKEW_S
const fs = require("node:fs");
const path = require("node:path");

const [name, url, key, file, skewS] = process.argv.slice(2);
const expression = (from) => new Function(`return (${fs.readFileSync(from, "utf-8")})`)();
expression(path.join(__dirname, "wrong_clock.js"))(1000 * Number(skewS));
const calls = expression(file);
const failed = [];

function made(call, { textIds }) {
  const { odd } = call;
  const given = { userId: textIds ? String(call.user) : call.user, context: { call: { n: call.n, odd } } };
  if (call.ago_s !== null) given.timestamp = new Date(Date.now() - 1000 * call.ago_s);
  if (call.own_id !== null) given.messageId = call.own_id;
  const more = {
    identify: { traits: { odd } },
    track: { event: call.event, properties: { odd } },
    page: { name: "Basket", properties: { odd } },
    screen: { name: "Basket", properties: { odd } },
    group: { groupId: call.group, traits: { odd } },
    alias: { previousId: call.previous },
  };
  return { ...given, ...more[call.type] };
}

async function bySegment() {
  const { Analytics } = require(name);
  const analytics = new Analytics({ writeKey: key, host: url, path: "/v1/batch" });
  analytics.on("error", (error) => failed.push(String(error.reason ?? error.code)));
  for (const call of calls) analytics[call.type](made(call, { textIds: true })); // it refuses numbers itself
  await analytics.closeAndFlush({ timeout: 60_000 });
}

async function byRudderStack() {
  const Analytics = require(name);
  const errorHandler = (error) => failed.push(String(error));
  const analytics = new Analytics(key, { dataPlaneUrl: url, flushInterval: 50, logLevel: "none", errorHandler });
  for (let first = 0; first < calls.length; first += 20) {
    const told = calls.slice(first, first + 20).map(
      (call) => new Promise((done) => analytics[call.type](made(call, { textIds: false }), done)),
    );
    await Promise.all(told);
  }
}

(name.startsWith("@segment") ? bySegment() : byRudderStack()).then(() => {
  for (const each of failed) console.error(each);
  process.exit(failed.length ? 1 : 0);
});
