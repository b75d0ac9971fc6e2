"""Tables of selling: from the first lead to the cash."""

from kemai.sales.models.contract import (
    Allocation,
    Contract,
    ContractLine,
    Invoice,
    InvoiceTitle,
    Receipt,
    ReceiptPlan,
)
from kemai.sales.models.deal import Deal, DealLine, StageEvent
from kemai.sales.models.lead import FollowUp, Lead, LeadChances
from kemai.sales.models.pipeline import Competitor, LostReason, Pipeline, Stage
from kemai.sales.models.pool import (
    CustomerKeeping,
    Keeping,
    LeadKeeping,
    LeadRoute,
    Pool,
    PoolLook,
    PoolMove,
    PoolRule,
    ReturnExtension,
)
from kemai.sales.models.price import ExchangeRate, Price, PricedLine, PriceList
from kemai.sales.models.quote import Quote, QuoteLine
from kemai.sales.models.target import ForecastOverride, ForecastSnapshot, Target
from kemai.sales.models.visit import Visit

__all__ = [
    "Allocation",
    "Competitor",
    "Contract",
    "ContractLine",
    "CustomerKeeping",
    "Deal",
    "DealLine",
    "ExchangeRate",
    "FollowUp",
    "ForecastOverride",
    "ForecastSnapshot",
    "Invoice",
    "InvoiceTitle",
    "Keeping",
    "Lead",
    "LeadChances",
    "LeadKeeping",
    "LeadRoute",
    "LostReason",
    "Pipeline",
    "Pool",
    "PoolLook",
    "PoolMove",
    "PoolRule",
    "Price",
    "PriceList",
    "PricedLine",
    "Quote",
    "QuoteLine",
    "Receipt",
    "ReceiptPlan",
    "ReturnExtension",
    "Stage",
    "StageEvent",
    "Target",
    "Visit",
]
