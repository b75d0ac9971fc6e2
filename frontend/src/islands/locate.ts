import { find } from "../core/dom";
import { t } from "../core/i18n";

const ROUGH = 500;

/** A form that asks the device where it is: the button [data-locate] fills latitude, longitude and accuracy and says how exact they are. */
export function mount(host: HTMLElement): void {
  const button = find<HTMLButtonElement>("[data-locate]", host);
  const status = find("[data-status]", host);
  if (!button || !status) return;
  const put = (name: string, value: number): void => {
    const input = find<HTMLInputElement>(`[name=${name}]`, host);
    if (input) input.value = String(value);
  };
  const say = (text: string, kind: string): void => {
    status.textContent = text;
    status.dataset["kind"] = kind;
  };
  button.addEventListener("click", () => {
    if (!window.isSecureContext || !("geolocation" in navigator)) return say(t("locate_unsafe"), "bad");
    button.disabled = true;
    say(t("locate_wait"), "wait");
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        button.disabled = false;
        put("latitude", coords.latitude);
        put("longitude", coords.longitude);
        put("accuracy", coords.accuracy);
        const n = String(Math.round(coords.accuracy));
        say(coords.accuracy >= ROUGH ? t("locate_rough", { n }) : t("locate_done", { n }), coords.accuracy >= ROUGH ? "rough" : "good");
      },
      (error) => {
        button.disabled = false;
        say(t(error.code === error.PERMISSION_DENIED ? "locate_denied" : "locate_failed"), "bad");
      },
      { enableHighAccuracy: true, timeout: 15_000, maximumAge: 0 },
    );
  });
}
