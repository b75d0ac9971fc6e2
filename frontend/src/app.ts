import { installDrafts, restoreDraft } from "./core/draft";
import { all } from "./core/dom";
import { installEditing } from "./core/edit";
import { installHtmx } from "./core/htmx";
import { installIslands } from "./core/islands";
import { installKeys } from "./core/keys";
import { installOverlays } from "./core/overlay";
import { installPage, prepare } from "./core/page";
import { installRows } from "./core/rows";
import { installTheme } from "./core/theme";
import { installToasts, scanToasts } from "./core/toast";

installHtmx();
installTheme();
installOverlays();
installToasts();
installKeys();
installRows();
installEditing();
installDrafts();
installPage();
scanToasts();
installIslands((node) => {
  prepare(node);
  if (node.dataset["toast"] !== undefined || node.querySelector("[data-toast]")) scanToasts(node.parentElement ?? document);
  all<HTMLFormElement>("form[data-draft]", node).forEach(restoreDraft);
  if (node instanceof HTMLFormElement && node.dataset["draft"] !== undefined) restoreDraft(node);
});
document.documentElement.dataset["js"] = "ready";
