"""How selling appears: leads, deals and what stages are made of, prices, quotes, contracts and their money."""

from kemai.sales.objects import (  # noqa: F401 - each registers its types
    cash,
    contract,
    course,
    deal,
    lead,
    pool,
    price,
    quote,
    target,
    visit,
)
