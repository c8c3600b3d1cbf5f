// The links between the pages, which the server writes. Who is signed in sees those that they may use.
import { find } from "./dom.js";
import { onSession } from "./session.js";

/** Shows which pages there are, and brings the present one into view where there is no room for all. */
export function startNavigation() {
  const links = [...find("pages").querySelectorAll("a")];
  onSession(({ scopes }) => {
    // Who has no key yet may have one for any of them.
    for (const link of links) link.hidden = scopes.length > 0 && "scope" in link.dataset && !scopes.includes(link.dataset.scope);
  });
  const place = find("pages");
  const current = links.find((link) => link.hasAttribute("aria-current"));
  if (current) place.scrollLeft = current.offsetLeft - (place.clientWidth - current.offsetWidth) / 2;
}
