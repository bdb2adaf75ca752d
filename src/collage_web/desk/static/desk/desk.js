"use strict";
// Everything is there without this. With it: what is opened stands beside the page, and the time line goes on by itself.
(() => {
  const panel = document.getElementById("panel");
  const body = document.getElementById("panel-body");
  if (panel === null || body === null) return;

  // ---- a link that is opened elsewhere is the browser's

  document.addEventListener("click", (event) => {
    if (event.target.closest("a[hx-get]") && (event.ctrlKey || event.metaKey || event.shiftKey)) event.stopPropagation();
  }, true);

  // ---- back to what was chosen before: the page as it is now, not parts put together

  document.addEventListener("htmx:historyCacheMiss", (event) => {
    event.preventDefault();
    location.reload();
  });

  // ---- what is opened beside the page

  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target !== body) return;
    const from = event.detail.pathInfo.responsePath ?? event.detail.pathInfo.requestPath;
    for (const form of body.querySelectorAll("form:not([action])")) form.action = from;
    for (const link of body.querySelectorAll('a[href^="?"]')) link.href = from.split("?")[0] + link.getAttribute("href");
    panel.scrollTop = 0;
    if (!panel.open) panel.showModal();
    const field = body.querySelector("[autofocus]");
    if (field === null) body.focus({ preventScroll: true });  // it is read from its top
    else field.focus();
  });
  panel.addEventListener("click", (event) => {
    const link = event.target.closest("a");
    if (event.target === panel || link?.getAttribute("href") === location.pathname) {  // beside it, or back to where one is
      event.preventDefault();
      panel.close();
    }
  });
  panel.addEventListener("close", () => body.replaceChildren());

  // ---- the time line goes on when its end comes near, for a while: then whoever reads says so, and finds the foot

  const MOST = 6;
  let gone = 0;
  const near = new IntersectionObserver((seen) => {
    for (const each of seen.filter((one) => one.isIntersecting)) {
      near.unobserve(each.target);
      if (gone++ < MOST) htmx.trigger(each.target, "near");
    }
  }, { rootMargin: "600px" });
  const watch = () => {
    if (!matchMedia("(min-width: 961px)").matches) return;  // where all stands below one another, the rest would flee
    for (const each of document.querySelectorAll("[data-more]")) near.observe(each);
  };
  watch();
  document.addEventListener("htmx:afterSettle", watch);
})();
