// Nobody gives all objects a property: what comes as data and is merged into one cannot change what the others are.
Object.preventExtensions(Object.prototype);
// Runs before the first paint so that "follow the system" and a choice made a moment ago do not flash.
{
  const root = document.documentElement;
  const onServer = document.querySelector("meta[name=prefs-url]") !== null;
  const kept = (key: string): string | null => {
    if (onServer) return null;
    try { return localStorage.getItem(key); } catch { return null; }
  };
  const theme = kept("k-theme") ?? root.dataset["theme"] ?? "auto";
  const dark = theme === "dark" || (theme === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
  root.dataset["theme"] = theme;
  root.dataset["bsTheme"] = dark ? "dark" : "light";
  const density = kept("k-density");
  if (density) root.dataset["density"] = density;
}
