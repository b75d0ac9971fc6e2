import { all, find } from "../core/dom";

/** The form of a report: how finely a field is grouped is asked only where it can be, and one more measure appears when it is wanted. */
export function mount(host: HTMLElement): void {
  const steps = (axis: HTMLElement): void => {
    const field = find<HTMLSelectElement>("[data-axis-field]", axis);
    const step = find<HTMLSelectElement>("[data-axis-step]", axis);
    if (!field || !step) return;
    const known = (field.selectedOptions[0]?.dataset["steps"] ?? "").split(" ").filter(Boolean);
    for (const option of step.options) option.hidden = option.disabled = !known.includes(option.value);
    if (known.length && !known.includes(step.value)) step.value = known[0] ?? "";
    step.hidden = step.disabled = !known.length;
  };
  all("[data-axis]", host).forEach(steps);
  // before htmx reads the form: it listens on the form itself, and hears of a change when this is done
  host.addEventListener("change", (event) => {
    const axis = event.target instanceof HTMLElement ? event.target.closest<HTMLElement>("[data-axis]") : null;
    if (axis) steps(axis);
  }, true);
  const more = find("[data-measure-add]", host);
  const next = (): HTMLElement | undefined => all("[data-measure]", host).find((row) => row.hidden);
  more?.addEventListener("click", () => {
    const row = next();
    if (!row) return;
    row.hidden = false;
    find<HTMLSelectElement>("select", row)?.focus();
    more.hidden = !next();
  });
}
