"""What the rules draw their arguments from. The first and last value are drawn most often."""

from hypothesis import strategies as st

from tests.checkout.stateful.faulty_stripe import BAD, BANK, DEBIT, FAULTS, GOOD
from tests.checkout.stateful.model import SKUS

WHO = st.integers(0, 2)
NTH = st.integers(0, 9)
QUANTITY = st.sampled_from([1, 1, 1, 2, 3])
SKU = st.sampled_from(sorted(SKUS))
SIZE = st.integers(0, 1)
#: None is the shopper's own card.
CARD = st.sampled_from([*[None] * 4, *BAD, *BANK, *DEBIT, *GOOD, *[None] * 3])
#: Whose mail address is given; None is the shopper's own.
MAIL = st.sampled_from([None, None, None, 0, 1, None])
#: Seconds from an instant.
EDGE = st.sampled_from([0, 1, -1])
EVENT = st.sampled_from(["succeeded", "payment_failed", "canceled", "processing", "succeeded"])
FAULT = st.sampled_from(FAULTS)
