// node --test tests/ : the parts that decide, without a browser.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { build } from "esbuild";

globalThis.document = { documentElement: { lang: "zh-CN" }, getElementById: () => ({ textContent: JSON.stringify(WORDS) }) };
const WORDS = { list_sep: "、", fb_and: "且", fb_or: "或", fb_not: "都不满足", fb_gone: "字段已不存在：{key}", yes: "是", no: "否", just_now: "刚刚", min_ago: "{n} 分钟前", hour_ago: "{n} 小时前", yesterday: "昨天 {time}", day_ago: "{n} 天前", in_min: "{n} 分钟后", tomorrow: "明天 {time}", today: "今天", day_tomorrow: "明天", in_day: "{n} 天后", wan: "万", yi: "亿" };
async function load(path) {
  const { outputFiles } = await build({ entryPoints: [new URL(`../src/${path}.ts`, import.meta.url).pathname], bundle: true, format: "esm", write: false });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].text).toString("base64")}`);
}
const [tree, spec, page, i18n, conditions, cents] = await Promise.all(["islands/tree", "islands/spec", "core/page", "core/i18n", "core/conditions", "core/cents"].map(load));

const one = (key, arity, more = {}) => ({ key, label: key, arity, ...more });
const CONFIG = { fields: [
  { key: "city", label: "城市", type: "choice", operators: [one("in", "many", { label: "是" }), one("empty", 0, { label: "为空" })], choices: [{ value: "sh", label: "上海" }, { value: "sz", label: "苏州" }] },
  { key: "last", label: "最近下单", type: "date", operators: [one("before", 1, { text: "早于 {0} 天前", input: "number" })] },
  { key: "amount", label: "金额", type: "money", operators: [one("between", 2, { label: "介于" })] },
  { key: "orders", label: "订单数", type: "number", related: "order.customer", agg: "count", operators: [one("gte", 1, { label: "≥" })], fields: [{ key: "paid", label: "已付", type: "bool", operators: [one("is", 1, { label: "是" })] }] },
] };
const there = (raw) => tree.outward(CONFIG, tree.pruned(CONFIG, tree.rooted(CONFIG, raw)));

test("a stored tree survives being edited", () => {
  for (const raw of [
    { all: [{ field: "city", op: "in", value: ["sh"] }, { any: [{ field: "last", op: "before", value: 90 }, { field: "city", op: "empty" }] }] },
    { all: [{ not: { field: "city", op: "in", value: ["sh"] } }] },
    { not: { any: [{ field: "city", op: "empty" }, { field: "last", op: "before", value: 1 }] } },
    { all: [{ related: "order.customer", agg: "count", where: { all: [{ field: "paid", op: "is", value: true }] }, op: "gte", value: 3 }] },
    { all: [{ field: "gone", op: "x", value: 1 }] },
  ]) assert.deepEqual(there(raw), raw);
});
test("a single condition becomes a group, half-filled ones fall away", () => {
  assert.deepEqual(there({ field: "city", op: "empty" }), { all: [{ field: "city", op: "empty" }] });
  assert.deepEqual(there({ all: [{ field: "city", op: "in", value: [] }, { field: "amount", op: "between", value: [1, ""] }, { field: "last", op: "before", value: 0 }] }), { all: [{ field: "last", op: "before", value: 0 }] });
  assert.equal(tree.pruned(CONFIG, { all: [{ any: [] }] }), null);
});
test("a condition reads as a sentence", () => {
  const say = (raw) => Object.values(tree.sentence(CONFIG, tree.inward(CONFIG, raw))).join("|");
  assert.equal(say({ field: "city", op: "in", value: ["sh", "sz"] }), "城市|是|上海、苏州");
  assert.equal(say({ field: "last", op: "before", value: 90 }), "最近下单||早于 90 天前");
  assert.equal(say({ field: "amount", op: "between", value: [1000, 20000] }), "金额|介于|¥ 1,000 – ¥ 20,000");
  assert.equal(say({ related: "order.customer", agg: "count", where: { field: "paid", op: "is", value: true }, op: "gte", value: 3 }), "订单数（已付 是 是）|≥|3");
  assert.equal(say({ field: "gone", op: "x" }), "字段已不存在：gone||");
});
test("times near now are words, others dates", () => {
  const now = new Date(2026, 10, 20, 12, 0);
  const say = (...at) => page.relative(new Date(...at), now, false);
  assert.equal(say(2026, 10, 20, 11, 59, 40), "刚刚");
  assert.equal(say(2026, 10, 20, 11, 15), "45 分钟前");
  assert.equal(say(2026, 10, 20, 3, 0), "9 小时前");
  assert.equal(say(2026, 10, 19, 23, 5), "昨天 23:05");
  assert.equal(say(2026, 10, 21, 9, 5), "明天 09:05");
  assert.equal(say(2026, 9, 22), "29 天前");
  assert.equal(say(2026, 8, 1), "2026-09-01");
  assert.equal(page.relative(new Date(2026, 10, 20), now, true), "今天");
});
test("figures are short in the reader's way", () => {
  assert.deepEqual([950, 128000, 128000000, -45210].map(i18n.shortNumber), ["950", "12.8万", "1.28亿", "-4.52万"]);
  document.documentElement.lang = "en";
  assert.equal(i18n.shortNumber(128000), "128K");
  document.documentElement.lang = "zh-CN";
});
test("every chart has a table and an empty state", () => {
  assert.ok(spec.isEmpty({ type: "bar", x: [], series: [] }));
  assert.ok(spec.isEmpty({ type: "line", x: ["1"], series: [{ name: "a", data: [null] }] }));
  assert.deepEqual(spec.tableOf({ type: "bar", x: ["甲"], series: [{ name: "数", data: [3] }] }, "类别"), { head: ["类别", "数"], rows: [["甲", 3]] });
  assert.equal(spec.median([5, 1, 3]), 3);
  assert.equal(spec.median([1, 2, 3, 10]), 2.5);
});

test("a form's conditions are decided as the server decides them", () => {
  const kinds = { kind: "choice", size: "number", share: "percent", since: "date", parts: "multi_choice", on: "boolean", place: "region" };
  const values = { kind: "company", size: "1,200", share: "12.5", since: "2026-11-01", parts: ["pump"], on: "1", place: "330106", note: "" };
  const today = new Date(2026, 10, 29);
  const holds = (raw) => conditions.passes(raw, (name) => values[name] ?? null, kinds, today);
  const leaf = (field, op, value) => ({ field, op, value });
  for (const yes of [
    leaf("kind", "eq", "company"), leaf("kind", "in", ["person", "company"]), leaf("kind", "ne", "person"), leaf("size", "gte", 1200), leaf("size", "between", [2000, 1000]),
    leaf("share", "lt", 0.13), leaf("share", "gte", "12.5%"), leaf("since", "before", "today"), leaf("since", "last", 30), leaf("since", "after", "-60d"), leaf("parts", "has_any", ["pump", "x"]),
    leaf("parts", "has_none", ["x"]), leaf("on", "eq", true), leaf("place", "within", ["330000"]), leaf("note", "empty"), leaf("gone", "empty"), { all: [] }, { not: { any: [] } }, { any: [leaf("kind", "eq", "x"), leaf("on", "eq", true)] },
  ]) assert.equal(holds(yes), true, JSON.stringify(yes));
  for (const no of [leaf("kind", "eq", "person"), leaf("note", "eq", "x"), leaf("size", "gt", 1200), leaf("since", "older", 30), leaf("parts", "has_all", ["pump", "x"]), leaf("on", "eq", false), { not: { all: [] } }, { any: [] }]) assert.equal(holds(no), false, JSON.stringify(no));
  assert.equal(holds(leaf("since", "this", "month")), undefined, "what only the server can tell hides nothing");
});
test("lines come to the same cents as at the server", async () => {
  // the server checks the same table: kemai/sales/tests/test_rules.py
  const rows = JSON.parse(await readFile(new URL("lines.json", import.meta.url), "utf8"));
  for (const [quantity, price, discount, rate, amount, tax] of rows) {
    const sum = cents.lineAmount(quantity, price, discount);
    assert.equal(String(sum), amount, `${quantity} × ${price} − ${discount}%`);
    assert.equal(String(cents.taxInside(sum, rate)), tax, `${rate}% in ${amount}`);
  }
  assert.equal(cents.lineAmount("1", "x", ""), null);
  assert.equal(cents.shown(123456789n), "1,234,567.89");
  assert.equal(cents.shown(-5n), "−0.05");
});
