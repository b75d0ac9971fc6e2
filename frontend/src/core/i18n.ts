/** Words come from the page (templates/ui/i18n.html); a missing key shows itself. */
let words: Record<string, string> | null = null;

function load(): Record<string, string> {
  const text = document.getElementById("i18n")?.textContent;
  words = text ? (JSON.parse(text) as Record<string, string>) : {};
  return words;
}

export function t(key: string, values: Record<string, string | number> = {}): string {
  const text = (words ?? load())[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

export const isChinese = (): boolean => document.documentElement.lang.startsWith("zh");

/** 12.8万 / 1.2亿 in Chinese, 128K / 1.2M otherwise. */
export function shortNumber(value: number): string {
  if (!isChinese()) return new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 }).format(value);
  const size = Math.abs(value);
  if (size >= 1e8) return `${trim(value / 1e8)}${t("yi")}`;
  if (size >= 1e4) return `${trim(value / 1e4)}${t("wan")}`;
  return trim(value);
}
const trim = (n: number): string => n.toLocaleString("en", { maximumFractionDigits: Math.abs(n) < 10 ? 2 : 1 });
export const fullNumber = (n: number): string => n.toLocaleString("en", { maximumFractionDigits: 2 });
