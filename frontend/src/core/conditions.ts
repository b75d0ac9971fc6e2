/** The kernel's condition trees on the values of a form: for showing and asking only; the server decides. */
export type Tree = { all?: Tree[]; any?: Tree[]; not?: Tree; field?: string; op?: string; value?: unknown };
export type Value = string | number | boolean | string[] | null;
export type Values = (field: string) => Value;
export type Kinds = Record<string, string>;

const NUMBERS = new Set(["number", "whole", "money", "percent", "rating"]);
const DAY = 86_400_000;

/** True, false, or undefined where only the server can tell. */
export function passes(tree: Tree, values: Values, kinds: Kinds, today: Date = new Date()): boolean | undefined {
  if (tree.all) return every(tree.all.map((one) => passes(one, values, kinds, today)));
  if (tree.any) {
    const denied = every(tree.any.map((one) => inverse(passes(one, values, kinds, today))));
    return inverse(denied);
  }
  if (tree.not) return inverse(passes(tree.not, values, kinds, today));
  if (!tree.field || !tree.op) return undefined;
  return leaf(tree.op, tree.value, values(tree.field), kinds[tree.field] ?? "text", today);
}

const inverse = (answer: boolean | undefined): boolean | undefined => (answer === undefined ? undefined : !answer);
const every = (answers: (boolean | undefined)[]): boolean | undefined => (answers.includes(false) ? false : answers.includes(undefined) ? undefined : true);
const isEmpty = (value: Value): boolean => value === null || value === "" || (Array.isArray(value) && value.length === 0);

function leaf(op: string, wanted: unknown, value: Value, kind: string, today: Date): boolean | undefined {
  if (op === "empty") return isEmpty(value);
  if (op === "not_empty") return !isEmpty(value);
  if (op.startsWith("not_") || op === "ne" || op === "has_none") return inverse(leaf(POSITIVE[op] ?? "", wanted, value, kind, today));
  if (isEmpty(value)) return false;
  const listed = (Array.isArray(wanted) ? wanted : [wanted]).map((one) => plain(one, kind));
  if (Array.isArray(value)) return lists(op, listed.map(String), value);
  const mine = plain(value, kind);
  const first = listed[0] ?? "";
  switch (op) {
    case "eq": case "in": return listed.includes(mine);
    case "contains": return String(mine).toLowerCase().includes(String(first).toLowerCase());
    case "starts": return String(mine).toLowerCase().startsWith(String(first).toLowerCase());
    case "within": return listed.some((code) => String(mine).startsWith(String(code).replace(/(00)+$/, "")));
    case "lt": case "before": return mine < day(first, kind, today);
    case "lte": return mine <= first;
    case "gt": case "after": return mine > day(first, kind, today);
    case "gte": return mine >= first;
    case "between": return mine >= smaller(listed) && mine <= larger(listed);
    case "last": return ago(mine, today) < Number(wanted) && ago(mine, today) >= 0;
    case "older": return ago(mine, today) > Number(wanted);
    case "next": return -ago(mine, today) < Number(wanted) && ago(mine, today) <= 0;
  }
  return undefined;
}

const POSITIVE: Record<string, string> = { ne: "eq", not_in: "in", not_contains: "contains", not_within: "within", has_none: "has_any" };
const smaller = (pair: (string | number)[]): string | number => ((pair[0] ?? "") < (pair[1] ?? "") ? pair[0] : pair[1]) ?? "";
const larger = (pair: (string | number)[]): string | number => ((pair[0] ?? "") < (pair[1] ?? "") ? pair[1] : pair[0]) ?? "";

function lists(op: string, wanted: string[], value: string[]): boolean | undefined {
  if (op === "has_any") return wanted.some((one) => value.includes(one));
  if (op === "has_all") return wanted.every((one) => value.includes(one));
  return undefined;
}

/** A value of the form or of the tree in one form: numbers as numbers, shares as shares, truth as "1" and "0". */
function plain(value: unknown, kind: string): string | number {
  if (kind === "boolean") return value === true || value === 1 || value === "1" || value === "true" ? "1" : "0";
  if (NUMBERS.has(kind)) {
    if (typeof value === "number") return value;
    const number = Number(String(value).replace(/[,，\s%¥]/g, ""));
    return kind === "percent" ? number / 100 : number;
  }
  const text = String(value ?? "");
  return kind === "datetime" ? text.slice(0, 10) : text;
}

/** "today", "+7d" and "-90d" as days. */
function day(value: string | number, kind: string, today: Date): string | number {
  if (kind !== "date" && kind !== "datetime") return value;
  const relative = /^([+-]\d{1,4})d$/.exec(String(value));
  return value === "today" ? iso(today) : relative ? iso(new Date(today.getTime() + Number(relative[1]) * DAY)) : value;
}
const iso = (at: Date): string => `${at.getFullYear()}-${String(at.getMonth() + 1).padStart(2, "0")}-${String(at.getDate()).padStart(2, "0")}`;
const ago = (value: string | number, today: Date): number => Math.round((Date.parse(iso(today)) - Date.parse(String(value).slice(0, 10))) / DAY);
