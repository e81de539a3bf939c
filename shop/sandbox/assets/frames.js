const ORIGIN = new URL(document.currentScript.src).origin;
const KIND = "stripe-stand-in";

function styled(element, style) {
  for (const [name, value] of Object.entries(style)) element.style.setProperty(name, value);
  return element;
}

/** A frame of the stand-in; messages pass between it and this page alone. */
function openFrame(path, title, hear) {
  const frame = document.createElement("iframe");
  frame.src = ORIGIN + path;
  frame.title = title;
  const listener = (event) => {
    if (event.origin !== ORIGIN || event.source !== frame.contentWindow) return;
    if (event.data?.kind === KIND) hear(event.data);
  };
  window.addEventListener("message", listener);
  return {
    frame,
    say: (message) => frame.contentWindow?.postMessage({ ...message, kind: KIND }, ORIGIN),
    close: () => {
      window.removeEventListener("message", listener);
      frame.remove();
    },
  };
}

/** A copy that can be posted to a frame: without functions and proxies. */
function plain(value) {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}
