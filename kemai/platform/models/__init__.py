"""The kernel's tables."""

from kemai.platform.models.backup import ApiReceipt, BackupRun
from kemai.platform.models.base import OwnedRecord, RecordBase
from kemai.platform.models.change import Change, ChangeSet, EventDelivery, OutboxEvent
from kemai.platform.models.columns import (
    ChoiceColumn,
    CreditCodeColumn,
    DeadlineColumn,
    IdentityColumn,
    MoneyColumn,
    MonthColumn,
    MultiChoiceColumn,
    Option,
    PercentColumn,
    PhoneColumn,
    ReasonColumn,
    RegionColumn,
)
from kemai.platform.models.define import ConfigChange, FieldDef, Layout, ObjectDef, Record
from kemai.platform.models.extra import ExtraColumn
from kemai.platform.models.relation import Alias, Link, Merge
from kemai.platform.models.report import Report, ReportPanel
from kemai.platform.models.rights import ApiToken, FieldRule, Grant, Role
from kemai.platform.models.sealed import EmailColumn, SealedColumn, SealedDiff, SealedJSON
from kemai.platform.models.sharing import CacheRow, Member, RateCount, ShareRule
from kemai.platform.models.tag import Tag, Tagging
from kemai.platform.models.trail import AuditEntry, AuditGate, OwnerChange
from kemai.platform.models.work import (
    ExportRequest,
    ImportRun,
    Job,
    SavedView,
    SearchDoc,
    Sequence,
    Setting,
    StoredFile,
    TypeSlot,
    WritePreview,
)

__all__ = [
    "Alias",
    "ApiReceipt",
    "ApiToken",
    "AuditEntry",
    "AuditGate",
    "BackupRun",
    "CacheRow",
    "Change",
    "ChangeSet",
    "ChoiceColumn",
    "ConfigChange",
    "CreditCodeColumn",
    "DeadlineColumn",
    "EmailColumn",
    "EventDelivery",
    "ExportRequest",
    "ExtraColumn",
    "FieldDef",
    "FieldRule",
    "Grant",
    "IdentityColumn",
    "ImportRun",
    "Job",
    "Layout",
    "Link",
    "Member",
    "Merge",
    "MoneyColumn",
    "MonthColumn",
    "MultiChoiceColumn",
    "ObjectDef",
    "Option",
    "OutboxEvent",
    "OwnedRecord",
    "OwnerChange",
    "PercentColumn",
    "PhoneColumn",
    "RateCount",
    "ReasonColumn",
    "Record",
    "RecordBase",
    "RegionColumn",
    "Report",
    "ReportPanel",
    "Role",
    "SavedView",
    "SealedColumn",
    "SealedDiff",
    "SealedJSON",
    "SearchDoc",
    "Sequence",
    "Setting",
    "ShareRule",
    "StoredFile",
    "Tag",
    "Tagging",
    "TypeSlot",
    "WritePreview",
]
