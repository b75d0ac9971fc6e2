import { all, closest, meta } from "./dom";
import { post } from "./http";
import { failed } from "./toast";

const root = document.documentElement;
const dark = matchMedia("(prefers-color-scheme: dark)");

function apply(theme: string): void {
  root.dataset["theme"] = theme;
  root.dataset["bsTheme"] = theme === "dark" || (theme === "auto" && dark.matches) ? "dark" : "light";
  document.dispatchEvent(new CustomEvent("themechange"));
}

/** Kept on the server where it offers an address (the same on every device), else in this browser. */
async function keep(name: "theme" | "density" | "language", value: string): Promise<void> {
  const url = meta("prefs-url");
  if (!url) {
    localStorage.setItem(`k-${name}`, value);
    return;
  }
  try {
    await post(url, { [name]: value });
    if (name === "language") location.reload();
  } catch (error) {
    failed(error);
  }
}

function check(attribute: string, value: string): void {
  for (const item of all(`[${attribute}]`)) item.setAttribute("aria-checked", String(item.getAttribute(attribute) === value));
}

export function installTheme(): void {
  dark.addEventListener("change", () => root.dataset["theme"] === "auto" && apply("auto"));
  document.addEventListener("click", (event) => {
    const theme = closest(event, "[data-theme-set]")?.dataset["themeSet"];
    const density = closest(event, "[data-density-set]")?.dataset["densitySet"];
    const language = closest(event, "[data-language-set]")?.dataset["languageSet"];
    if (theme) {
      apply(theme);
      check("data-theme-set", theme);
      void keep("theme", theme);
    }
    if (density) {
      root.dataset["density"] = density;
      check("data-density-set", density);
      void keep("density", density);
    }
    if (language) void keep("language", language);
  });
}
