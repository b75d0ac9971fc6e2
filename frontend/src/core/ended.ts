import { closest, meta } from "./dom";
import { t } from "./i18n";

/**
 * When a session is over, its pages are emptied: in every tab at once on a log-out, and by themselves when nobody has
 * done anything for as long as a session lasts, whether the server can be asked or not.
 */
const ENDED = "k-ended", USED = "k-used";
const LONGEST = 2 ** 31 - 1;
const AGAIN = 60_000;
const SOON = 1500, TRIES = 20;
let last = 0, grace = 0, timer = 0;

function keep(name: string): void {
  try {
    localStorage.setItem(name, String(Date.now()));
  } catch {
    // a full or forbidden store must not stop anybody from working
  }
}

export function empty(): void {
  const words = document.createElement("p");
  words.className = "alert";
  words.textContent = t("error_401");
  document.body.replaceChildren(words);
}

/** What the server says to this session; 0: nobody answers. */
async function asked(url: string): Promise<number> {
  try {
    return (await fetch(url, { headers: { Accept: "application/json" } })).status;
  } catch {
    return 0;
  }
}

const door = (): string => document.querySelector<HTMLElement>("[data-unread-url]")?.dataset["unreadUrl"] ?? "/notices/unread/";

/** The log-in page comes once the server has heard of the log-out, too: asked for before, it would be this page again. */
function over(): void {
  const url = door();
  let tries = 0;
  const enter = async (): Promise<void> => {
    if (++tries >= TRIES || (await asked(url)) === 401) location.reload();
    else window.setTimeout(() => void enter(), SOON);
  };
  empty();
  window.setTimeout(() => void enter(), SOON);
}

const idle = (): number => Number(meta("session-idle")) * 1000;

function used(): void {
  last = Date.now();
  keep(USED);
}

async function look(): Promise<void> {
  clearTimeout(timer);
  if (!idle()) return;
  const elsewhere = Number(localStorage.getItem(USED) ?? 0);
  const rest = Math.max(Math.max(last, elsewhere) + idle(), grace) - Date.now();
  if (rest <= 0) {
    const status = await asked(door());
    if (status === 401) return over();
    if (status === 0) return empty(); // what is here has outlived its session
    grace = Date.now() + AGAIN;
  }
  timer = window.setTimeout(() => void look(), Math.min(Math.max(rest, AGAIN), LONGEST));
}

export function installEnd(): void {
  if (!meta("user")) return;
  used();
  document.addEventListener("htmx:after:request", used);
  document.addEventListener("visibilitychange", () => document.hidden || void look());
  document.addEventListener("submit", (event) => closest(event, "form[data-forget]") && keep(ENDED));
  addEventListener("storage", (event) => event.key === ENDED && over());
  void look();
}
