import * as dom from "./core/dom";
import * as htmx from "./core/htmx";
import * as http from "./core/http";
import * as i18n from "./core/i18n";
import * as overlay from "./core/overlay";
import * as toast from "./core/toast";
import * as draft from "./core/draft";
import { installEnd } from "./core/ended";
import { installEditing } from "./core/edit";
import { installIslands } from "./core/islands";
import { installKeys } from "./core/keys";
import { installLive, paintPresence } from "./core/live";
import { installPage, prepare } from "./core/page";
import { installRows } from "./core/rows";
import { installTheme } from "./core/theme";

// what islands import from ../core/* (see build.mjs)
Object.assign(globalThis, { kemai: { dom, draft, htmx, http, i18n, overlay, toast } });

htmx.installHtmx();
installTheme();
overlay.installOverlays();
toast.installToasts();
installKeys();
installRows();
installEditing();
draft.installDrafts();
installEnd();
installPage();
toast.scanToasts();
installIslands((node) => {
  prepare(node);
  paintPresence(node);
  if (node.dataset["toast"] !== undefined || node.querySelector("[data-toast]")) toast.scanToasts(node.parentElement ?? document);
  dom.all<HTMLFormElement>("form[data-draft]", node).forEach(draft.restoreDraft);
  dom.all("[data-draft-offer]", node).forEach(draft.offerDraft);
  if (node instanceof HTMLFormElement && node.dataset["draft"] !== undefined) draft.restoreDraft(node);
  draft.opened(node);
});
installLive();
document.documentElement.dataset["js"] = "ready";
