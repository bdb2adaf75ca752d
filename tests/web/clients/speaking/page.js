// A page of a shop: it makes the calls by Segment's library for browsers.
import { AnalyticsBrowser } from "@segment/analytics-next";

function arguments_(call) {
  const { odd } = call;
  const more = { context: { call: { n: call.n, odd } } };
  if (call.ago_s !== null) more.timestamp = new Date(Date.now() - 1000 * call.ago_s);
  if (call.own_id !== null) more.messageId = call.own_id;
  return {
    identify: [call.user, { odd }, more],
    track: [call.event, { odd }, more],
    page: ["Shop", "Basket", { odd }, more],
    screen: ["Shop", "Basket", { odd }, more],
    group: [call.group, { odd }, more],
    alias: [call.user, call.previous, more],
  }[call.type];
}

globalThis.speak = async (url, key, calls, own, measured) => {
  const failed = [];
  const options = { integrations: { "Segment.io": own ?? {} } };
  if (measured) options.updateCDNSettings = (told) => ({ ...told, metrics: { ...told.metrics, ...measured } });
  const analytics = AnalyticsBrowser.load({ writeKey: key, cdnURL: url }, options);
  analytics.on("error", (error) => failed.push(String(error.reason ?? error.code)));
  for (let first = 0; first < calls.length; first += 25)
    await Promise.all(calls.slice(first, first + 25).map((call) => analytics[call.type](...arguments_(call))));
  return failed;
};
