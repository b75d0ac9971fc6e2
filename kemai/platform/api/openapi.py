"""The OpenAPI 3.1 description, made from the registry: what an actor may not see is not described to him."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.objects import ObjectType, all_types

Json = dict[str, Any]


def document(actor: Actor) -> Json:
    schemas: Json = {"Problem": PROBLEM}
    paths: Json = {
        "/api/v1/changesets/{id}/undo": {"post": operation(_("撤销一次修改"), [ID, ONCE])},
        "/api/v1/reports": {"get": operation(_("报表列表"), [])},
        "/api/v1/reports/{id}": {"get": operation(_("一个报表的数字"), [ID])},
    }
    for object_type in all_types():
        if access.may(actor, object_type, "view"):
            schemas[object_type.key] = schema(object_type, actor)
            paths |= paths_of(object_type)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Kemai", "version": "1"},
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


PROBLEM: Json = {
    "type": "object",
    "properties": {
        "code": {"type": "string"},
        "message": {"type": "string"},
        "fields": {"type": "object", "additionalProperties": {"type": "string"}},
        "allowed": {"type": "array", "items": {"type": "string"}},
    },
}
ONCE: Json = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "1-200 visible ASCII characters; the same request sent again with it within two days is done once",
    "schema": {"type": "string", "maxLength": 200},
}
ID: Json = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}


SEARCH: Json = {
    "type": "object",
    "properties": {
        "where": {"type": "object"},
        **{name: {"type": "string"} for name in ("q", "sort", "cursor")},
        "fields": {"type": "array", "items": {"type": "string"}},
        "size": {"type": "integer", "maximum": 200},
        "count": {"type": "boolean"},
    },
}


def schema(object_type: ObjectType, actor: Actor) -> Json:
    properties: Json = {
        "id": {"type": "integer", "readOnly": True},
        "version": {"type": "integer"},
    }
    required = []
    levels = access.field_levels(actor, object_type)
    for spec in access.visible_specs(actor, object_type):
        properties[spec.key] = spec.type.schema(spec) | {"title": str(spec.label)}
        if levels[spec.key] != "edit":
            properties[spec.key]["readOnly"] = True
        if spec.required:
            required.append(spec.key)
    return {"type": "object", "title": str(object_type.label), "properties": properties, "required": required}


def parameter(name: str, description: str, kind: str = "string") -> Json:
    return {"name": name, "in": "query", "description": description, "schema": {"type": kind}}


def operation(
    summary: str, parameters: list[Json], *, body: Json | None = None, result: Json | None = None
) -> Json:
    problem = {"description": _("未通过"), "content": content({"$ref": "#/components/schemas/Problem"})}
    found: Json = {
        "summary": summary,
        "parameters": parameters,
        "responses": {
            "200": {"description": "OK", **({"content": content(result)} if result else {})},
            **dict.fromkeys(("401", "403", "404", "409", "422"), problem),
        },
    }
    if body is not None:
        found["requestBody"] = {"required": True, "content": content(body)}
    return found


def content(schema: Json) -> Json:
    return {"application/json": {"schema": schema}}


def paths_of(object_type: ObjectType) -> Json:
    ref = {"$ref": f"#/components/schemas/{object_type.key}"}
    label = {"label": str(object_type.label)}
    base = f"/api/v1/{object_type.key}"
    listing = {
        "type": "object",
        "properties": {
            "rows": {"type": "array", "items": ref},
            "next": {"type": "string"},
            "previous": {"type": "string"},
            "count": {"type": "integer"},
        },
    }
    asked = [
        parameter("where", _("条件树（JSON）")),
        parameter("q", _("搜索文字")),
        parameter("sort", _("排序字段，前面加 - 为降序")),
        parameter("fields", _("返回的字段，逗号分隔")),
        parameter("size", _("每页条数，最多 200"), "integer"),
        parameter("cursor", _("上一页返回的 next 或 previous")),
        parameter("count", _("为 1 时返回总数（一万以内精确）")),
    ]
    one: Json = {
        "get": operation(_("读取%(label)s") % label, [ID], result=ref),
        "patch": operation(_("修改%(label)s") % label, [ID, ONCE], body=ref, result=ref),
        "delete": operation(_("删除%(label)s（进回收站）") % label, [ID, ONCE]),
    }
    many = {"type": "array", "items": ref}
    return {
        base: {
            "get": operation(_("%(label)s列表") % label, asked, result=listing),
            "post": operation(_("新建%(label)s") % label, [ONCE], body=ref, result=ref),
        },
        f"{base}/{{id}}": one,
        f"{base}/{{id}}/history": {"get": operation(_("%(label)s的变更记录") % label, [ID])},
        f"{base}/search": {
            "post": operation(_("查找%(label)s（条件在请求内容里）") % label, [], body=SEARCH, result=listing)
        },
        f"{base}/bulk": {
            "post": operation(_("批量新建%(label)s") % label, [ONCE], body=many),
            "patch": operation(_("批量修改%(label)s") % label, [ONCE], body=many),
        },
    }
