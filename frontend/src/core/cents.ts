/**
 * Money exactly as the server counts it (kemai/sales/rules/amounts.py): whole numbers only, each line rounded half up
 * once, sums of rounded lines. Texts are decimals as people type them.
 */
const SHARE = 10n ** 12n;

/** A decimal text times 10^places; null for what is no number or has more places. */
export function scaled(text: string, places: number): bigint | null {
  const clean = text.replace(/[,\s，¥￥]/g, "").replace(/[０-９．]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 0xfee0));
  const found = /^(-?)(\d*)(?:\.(\d*))?$/.exec(clean);
  if (!found || !(found[2] || found[3])) return null;
  const rest = (found[3] ?? "").replace(/0+$/, "");
  if (rest.length > places) return null;
  const value = BigInt((found[2] || "0") + rest.padEnd(places, "0"));
  return found[1] ? -value : value;
}

/** value / by rounded half away from zero, for by > 0. */
export function divided(value: bigint, by: bigint): bigint {
  const doubled = 2n * (value < 0n ? -value : value);
  const rounded = (doubled + by) / (2n * by);
  return value < 0n ? -rounded : rounded;
}

/** Cents of quantity × price less a discount in per cent; null while one of them is no number. */
export function lineAmount(quantity: string, price: string, discount: string): bigint | null {
  const q = scaled(quantity, 6);
  const p = scaled(price, 2);
  const d = scaled(discount || "0", 10);
  if (q === null || p === null || d === null) return null;
  return divided(q * p * (SHARE - d), 10n ** 6n * SHARE);
}

/** Cents of tax inside an amount at a rate in per cent. */
export function taxInside(amount: bigint, rate: string): bigint {
  const share = scaled(rate || "0", 10) ?? 0n;
  return divided(amount * share, SHARE + share);
}

/** 123456n → "1,234.56". */
export function shown(cents: bigint): string {
  const text = (cents < 0n ? -cents : cents).toString().padStart(3, "0");
  const whole = text.slice(0, -2).replace(/\B(?=(\d{3})+$)/g, ",");
  return `${cents < 0n ? "−" : ""}${whole}.${text.slice(-2)}`;
}
