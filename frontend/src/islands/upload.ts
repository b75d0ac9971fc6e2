import { el, find, icon, meta } from "../core/dom";
import { messageFor } from "../core/http";
import { t } from "../core/i18n";
import { toast } from "../core/toast";

/**
 * A file input one can drop on. Without data-url the files go with the form. With data-url each is sent at once
 * (multipart, field "file") and the answer {"id","name","url"} becomes a hidden input with the control's name.
 */
export function mount(host: HTMLElement): void {
  const zone = find("label.upload", host);
  const input = find<HTMLInputElement>("input[type=file]", host);
  const list = find("ul", host);
  if (!zone || !input || !list) return;
  const url = host.dataset["url"];
  const name = input.name;
  if (url) input.removeAttribute("name");

  const size = (bytes: number): string => (bytes > 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${Math.max(1, Math.round(bytes / 1e3))} kB`);
  const line = (file: File): HTMLLIElement => el("li", {}, icon("file", 16), el("span", { class: "ellipsis" }, file.name), el("span", { class: "muted xs" }, size(file.size)));

  const showChosen = (): void => {
    list.replaceChildren(...[...(input.files ?? [])].map((file) => {
      const node = line(file);
      const remove = el("button", { type: "button", class: "iconbtn sm", "aria-label": t("file_remove") }, icon("x", 14));
      remove.addEventListener("click", () => {
        const rest = new DataTransfer();
        for (const other of input.files ?? []) if (other !== file) rest.items.add(other);
        input.files = rest.files;
        showChosen();
      });
      node.append(remove);
      return node;
    }));
  };

  const send = (file: File): void => {
    const node = line(file);
    const bar = el("progress", { class: "bar", max: "1", "aria-label": t("file_uploading") });
    node.append(bar);
    list.append(node);
    const request = new XMLHttpRequest(); // fetch cannot report upload progress
    request.open("POST", url ?? "");
    request.setRequestHeader("X-CSRFToken", meta("csrf-token"));
    request.upload.addEventListener("progress", (event) => (bar.value = event.loaded / event.total));
    request.addEventListener("loadend", () => {
      bar.remove();
      if (request.status >= 200 && request.status < 300) {
        const { id } = JSON.parse(request.responseText) as { id: string | number };
        const remove = el("button", { type: "button", class: "iconbtn sm", "aria-label": t("file_remove") }, icon("x", 14));
        remove.addEventListener("click", () => node.remove());
        node.append(el("input", { type: "hidden", name, value: String(id) }), remove);
        host.dispatchEvent(new CustomEvent("upload:done", { bubbles: true, detail: { id, file: file.name } }));
      } else {
        node.remove();
        toast({ kind: "error", text: `${t("file_failed")}：${file.name}。${messageFor(request.status)}` });
      }
    });
    const body = new FormData();
    body.append("file", file);
    request.send(body);
  };

  const accept = (): void => {
    if (!url) return showChosen();
    for (const file of input.files ?? []) send(file);
    input.value = "";
  };
  input.addEventListener("change", accept);
  for (const type of ["dragenter", "dragover"]) zone.addEventListener(type, (event) => {
    event.preventDefault();
    zone.classList.add("over");
  });
  for (const type of ["dragleave", "drop"]) zone.addEventListener(type, () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    const files = event.dataTransfer?.files;
    if (!files?.length) return;
    const given = new DataTransfer();
    for (const file of input.multiple ? files : [...files].slice(0, 1)) given.items.add(file);
    input.files = given.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
}
