/* Tells the page that opened the bank's frame that the shopper has answered; not what. */
parent.postMessage({ kind: "stripe-stand-in", type: "done" }, document.documentElement.dataset.page);
