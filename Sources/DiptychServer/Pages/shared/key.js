// Asks for the server's key. The server answers with a cookie that scripts cannot read; the key is kept nowhere else.
import { element, fill } from "./dom.js";
import { t } from "./i18n.js";
import { whenKeyIsNeeded } from "./requests.js";
import { signIn } from "./session.js";

let asking = null;

/** Opens the dialog; several requests that are refused at once wait for the same one. */
export function askForKey() {
  asking ??= dialogue().finally(() => (asking = null));
  return asking;
}

function dialogue() {
  return new Promise((resolve) => {
    const field = element("input", {
      id: "key-field", type: "password", autocomplete: "current-password", required: true, "aria-describedby": "key-error",
    });
    const error = element("p", { id: "key-error", class: "error", role: "alert" });
    const submit = element("button", { class: "primary", type: "submit" }, t("key.submit"));
    const cancel = element("button", { type: "button", on: { click: () => dialog.close() } }, t("cancel"));
    const form = element("form", { class: "stack", on: { submit: send } },
      element("h2", { id: "key-title" }, t("key.title")),
      element("p", {}, t("key.explanation")),
      element("label", { for: "key-field" }, t("key.label")), field, error,
      element("div", { class: "actions" }, cancel, submit));
    const dialog = element("dialog", { class: "small", id: "key", "aria-labelledby": "key-title" }, form);
    let accepted = false;

    async function send(event) {
      event.preventDefault();
      submit.disabled = true;
      fill(error);
      try {
        await signIn(field.value);
        accepted = true;
        dialog.close();
      } catch (problem) {
        fill(error, problem.status === 401 ? t("key.wrong") : problem.sentence);
        field.select();
      } finally {
        submit.disabled = false;
      }
    }

    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(accepted);
      if (accepted) document.dispatchEvent(new Event("diptych:session"));
    });
    document.body.append(dialog);
    dialog.showModal();
    field.focus();
  });
}

/** From now on a request that needs a key asks for it. */
export function startKey() {
  whenKeyIsNeeded(askForKey);
}
