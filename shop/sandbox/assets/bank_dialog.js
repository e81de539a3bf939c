/** Show the bank's page in a dialog until the shopper has answered it. */
function challenge(intent, attempt) {
  return new Promise((resolve) => {
    const dialog = document.createElement("dialog");
    const query = new URLSearchParams({ attempt, frame: location.origin });
    const bank = openFrame(`/bank/${intent}?${query}`, "Your bank", (message) => {
      if (message.type !== "done") return;
      dialog.removeEventListener("close", reopen);
      bank.close();
      dialog.remove();
      resolve();
    });
    const reopen = () => dialog.showModal();
    // Escape must not leave the payment undecided.
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    dialog.addEventListener("close", reopen);
    dialog.setAttribute("aria-label", "Your bank asks you to approve this payment");
    styled(dialog, {
      position: "fixed", inset: "0", margin: "0", padding: "1rem", border: "0",
      width: "100%", height: "100%", "max-width": "none", "max-height": "none",
      "box-sizing": "border-box", background: "rgb(15 23 42 / 60%)",
    });
    styled(bank.frame, {
      display: "block", position: "absolute", inset: "0", margin: "auto", border: "0",
      width: "min(26rem, calc(100% - 2rem))", height: "min(25rem, calc(100% - 2rem))",
      "border-radius": "12px", "box-shadow": "0 20px 60px rgb(0 0 0 / 40%)",
    });
    dialog.append(bank.frame);
    document.body.append(dialog);
    dialog.showModal();
    bank.frame.focus();
  });
}
