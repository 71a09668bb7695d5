// SMART Web Messaging, the EHR's side: takes drafts from the app in the frame into the chart's
// scratchpad. Only messages of that frame and of the app's origin count; answers go there alone.
(() => {
  const place = document.getElementById("messaging");
  const frame = document.querySelector("#app iframe");
  if (!place || !frame) return;
  const { origin, drafts, csrf } = place.dataset;
  const answer = (message, payload) => frame.contentWindow.postMessage(
    { messageId: crypto.randomUUID(), responseToMessageId: message.messageId, payload }, origin);
  const create = async (message) => {
    const resource = JSON.stringify((message.payload || {}).resource || null);
    const body = new URLSearchParams({ csrf, handle: message.messagingHandle, resource });
    const made = await fetch(drafts, { method: "POST", body });
    const said = await made.json();
    if (made.ok) place.hidden = false;
    return { status: said.status, location: said.location };
  };
  const acts = {
    "status.handshake": async () => ({}),
    "scratchpad.create": create,
    "ui.done": async () => { frame.closest("#app").remove(); return { status: "success" }; },
  };
  window.addEventListener("message", async (event) => {
    if (event.origin !== origin || event.source !== frame.contentWindow) return;
    const message = event.data || {};
    if (typeof message.messageId !== "string" || typeof message.messagingHandle !== "string") return;
    const act = acts[message.messageType];
    try {
      answer(message, act ? await act(message) : { status: "501 Not Implemented" });
    } catch {
      answer(message, { status: "500 Internal Server Error" });
    }
  });
})();
