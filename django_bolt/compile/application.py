"""Routes become an application: the plan that Rust executes, and what stands beside it."""

from __future__ import annotations

import inspect
import os
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal

from django.http.response import HttpResponseBase
from msgspec import UNSET

from django_bolt.auth import security_log
from django_bolt.auth.key_sets import KeySource
from django_bolt.auth.session import seal
from django_bolt.compile import binding, dependencies, negotiation, plan, response, signature
from django_bolt.compile.policy import PolicyCompiler
from django_bolt.compile.streams import compile_stream, is_generator
from django_bolt.conditional import condition_of
from django_bolt.dispatch import admission, conditions, connections, failures, files, replies
from django_bolt.dispatch.authentication import Authenticators
from django_bolt.dispatch.concluding import Concluded, after_reply, before_reply
from django_bolt.dispatch.handler import Handler
from django_bolt.dispatch.hooks import Hooks
from django_bolt.dispatch.lifecycle import wrap
from django_bolt.dispatch.permissions import Permissions
from django_bolt.dispatch.streams import pump, source_of
from django_bolt.exceptions import ConfigurationError
from django_bolt.file_responses import BaseFile
from django_bolt.responses import HTML, JSON, BaseResponse, PlainText, Redirect, Response
from django_bolt.routes import nearest
from django_bolt.routing import Route
from django_bolt.settings import BoltSettings, bolt_settings, django_settings
from django_bolt.streaming import StreamingResponse

if TYPE_CHECKING:
    from django_bolt import _core
    from django_bolt._core import RevokedTokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """What ``_core.App`` is made of."""

    plan: plan.Plan
    #: In the order of the plan's routes.
    handlers: tuple[Handler, ...]
    #: Every secret by the id that the plan uses.
    secrets: dict[str, bytes]
    #: Where its sets of keys come from, by id.
    key_sources: dict[str, KeySource]
    #: Its lists of tokens that were taken back, by id.
    revoked: dict[str, RevokedTokens]


def build(routes: Iterable[Route], overrides: Mapping[Any, Any] | None = None) -> Application:
    """Compile routes into an application; ``overrides`` stand in the place of dependencies.

    Raises :class:`~django_bolt.exceptions.ConfigurationError`, which names the handler, for
    whatever could not be served as it is declared.
    """
    policies = PolicyCompiler()
    replaced = dependencies.Overrides(overrides)
    compiled = [_compile(route, policies, replaced) for route in routes]
    replaced.check()
    settings, django = bolt_settings(), django_settings()
    document = plan.Plan(
        service=plan.Service(
            debug=django.debug,
            max_body_size=django.max_body_size,
            forms=plan.Forms(
                max_fields=django.max_form_fields,
                max_files=django.max_form_files,
                max_file_memory=django.max_file_memory,
                directory=django.upload_directory,
            ),
            error_format=settings.error_format,
            error_codes=settings.error_codes,
            file_roots=_file_roots(settings),
            decompress_requests=settings.decompress_requests,
            url_format_override=settings.url_format_override,
        ),
        authenticators=policies.authenticators,
        routes=[route for route, _ in compiled],
    )
    return Application(
        plan=document,
        handlers=tuple(handler for _, handler in compiled),
        secrets=policies.secrets.secrets(),
        key_sources=policies.secrets.key_sources,
        revoked=policies.secrets.revoked,
    )


def open_application(compiled: Application) -> tuple[_core.App, dict[str, _core.KeySet]]:
    """Hand an application to Rust; return it, and its sets of keys by id.

    Those of keys that are published elsewhere are empty still. Raises ``_core.PlanError`` for what
    Rust does not accept, and ``ConfigurationError`` for keys that cannot be read.
    """
    from django_bolt import _core  # the plan alone does not need it

    key_sets = {name: _open(source) for name, source in compiled.key_sources.items()}
    app = _core.App(
        plan.encode(compiled.plan),
        compiled.handlers,
        compiled.secrets,
        hooks(),
        key_sets=key_sets,
        revoked=compiled.revoked,
    )
    return app, key_sets


def _open(source: KeySource) -> _core.KeySet:
    try:
        return source.open()
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{source.name}: {error}") from error


def hooks() -> Hooks:
    """Return the Python side of the border that all applications share."""
    # Its base is in the extension module, which the plan alone does not need.
    from django_bolt.request import Request
    from django_bolt.uploads import UploadFile

    return Hooks(
        blocking_threads=bolt_settings().blocking_threads,
        request_class=Request,
        response_class=BaseResponse,
        upload_class=UploadFile,
        django_response_class=HttpResponseBase,
        plain_classes={kind.__name__: kind for kind in (JSON, Response, PlainText, HTML, Redirect)},
        render=replies.render,
        file_class=BaseFile,
        concluded_class=Concluded,
        render_file=files.render_file,
        refuse_file=files.refuse_file,
        stream_class=StreamingResponse,
        stream_source=source_of,
        pump=pump,
        announce=failures.announce,
        translate=failures.translate,
        seal=seal,
        thread_starts_request=connections.thread_starts_request,
        thread_ends_request=connections.thread_ends_request,
        thread_ends=connections.thread_ends,
        thread_storage=connections.thread_storage,
        caches_are_closed=connections.caches_are_closed(),
        signals_are_wanted=connections.signals_are_wanted,
        log_refusal=security_log.log_refusal,
    )


def _file_roots(settings: BoltSettings) -> list[str] | None:
    """Return the directories of ``FILE_ROOTS`` without links, as Rust compares them."""
    if settings.file_roots is None:
        return None
    return [os.path.realpath(root) for root in settings.file_roots]


def _compile(
    route: Route, policies: PolicyCompiler, overrides: dependencies.Overrides
) -> tuple[plan.Route, Handler]:
    _check_decorator(route)
    is_method = route.controller is not None
    declared = signature.read(route.function, route.path, is_method=is_method, name=route.origin)
    returns = declared.returns if route.response_model is UNSET else route.response_model
    answer = route.function
    begins_stream = False
    produces = is_generator(answer)
    if produces:
        answer, begins_stream = compile_stream(answer, returns, route.status_code, route.origin)
        declared, returns = replace(declared, is_async=True), UNSET
    conditional, guarded = _under_conditions(route, declared, answer)
    flat = dependencies.flatten(conditional, guarded, route, overrides)
    declared = flat.signature
    bound = binding.bind(declared, is_method=is_method)
    result = response.compile_result(returns, route.origin)
    function = _function(route, flat)
    access = _access(route, policies)
    reads_body = _may_read_body(declared, is_method=is_method)
    _check_upload_options(route, bound, reads_body=reads_body)
    offers, renderers = negotiation.renderers(
        route,
        bound.parameters,
        renders_itself=produces or response.renders_itself(returns),
    )
    reading = negotiation.parsers(route, bound)
    document = plan.Route(
        method=route.method,
        path=route.path,
        name=route.name,
        handler=route.origin,
        mode=_mode(function, inline=route.inline),
        authentication=access.authentication,
        guard=access.guard,
        deferred=access.deferred,
        parameters=list(bound.parameters),
        groups=list(bound.groups),
        body=reading.body,
        reads_body=reads_body,
        multipart=reads_body
        and bound.body is None
        and (reading.parsers is None or reading.parsers.multipart),
        max_body_size=route.max_body_size,
        max_files=route.max_files,
        content_types=list(route.content_types),
        arguments=list(bound.arguments),
        status=_status(route, is_empty=result.none_is_empty),
        etag=bool(nearest(route.etag, bolt_settings().etags)),
        renderers=offers,
    )
    handler = Handler(
        function=function,
        controller=route.controller,
        attributes=_attributes(route),
        defaults=bound.defaults,
        choices=bound.choices,
        collections=bound.collections,
        groups=bound.group_classes,
        decode=bound.decode,
        body_default=bound.body_default,
        faults=bound.faults,
        convert=result.convert,
        shape=result.shape,
        convert_response=result.convert_response,
        returns_body=bound.body is not None and bound.body_type == returns,
        encode=result.encode,
        none_is_empty=result.none_is_empty,
        begins_stream=begins_stream,
        concludes=flat.concludes and not route.inline,
        permissions=access.permissions,
        authenticators=access.authenticators,
        admit=access.admit,
        renderers=renderers,
        parsers=reading.parsers,
        decoders=reading.decoders,
    )
    return document, handler


def _under_conditions(
    route: Route, declared: signature.Signature, answer: Callable[..., Any]
) -> tuple[signature.Signature, Callable[..., Any]]:
    """Return the handler with its conditions, and what that asks for.

    Dependencies come before: one that refuses does so whatever the client has already.
    """
    condition = condition_of(route.function)
    if condition is None:
        return declared, answer
    is_method = route.controller is not None
    function = conditions.guard(answer, condition, is_method=is_method)
    inputs = declared.inputs if is_method else (*declared.inputs, signature.OWN_REQUEST)
    is_async = inspect.iscoroutinefunction(function)
    return replace(declared, inputs=inputs, is_async=is_async), function


def _check_decorator(route: Route) -> None:
    """Refuse a decorator of Django's views, as ``login_required``, that would get something else.

    Such a wrapper takes ``request`` first, and passes on what it gets.
    """
    inner = getattr(route.function, "__wrapped__", None)
    if inner is None:
        return
    outer = inspect.signature(route.function, follow_wrapped=False)
    if next(iter(outer.parameters), None) != "request":
        return
    if next(iter(inspect.signature(inner).parameters), None) != "request":
        hint = (
            "decorate the method by django.utils.decorators.method_decorator."
            if route.controller is not None
            else "have the handler take request first."
        )
        raise ConfigurationError(
            f"{route.origin}: its decorator is made for views whose first parameter is request: "
            f"{hint}"
        )


def _function(route: Route, flat: dependencies.Flattened) -> Callable[..., Any]:
    """Return what runs: the author's function, with its dependencies and life cycle around it.

    The life cycle is outside: ``initial`` comes before dependencies, and ``handle_exception`` sees
    what they raise. What follows the reply is outside of both.
    """
    is_method = route.controller is not None
    function, is_async = flat.function, flat.signature.is_async
    if is_method:
        function = wrap(function, route.controller, is_async)
    if not flat.concludes:
        return function
    if route.inline:
        return before_reply(function, is_method=is_method)
    is_async = inspect.iscoroutinefunction(function)
    return after_reply(function, is_method=is_method, is_async=is_async)


def _attributes(route: Route) -> dict[str, Any]:
    """Return what each instance of the controller is given that its class does not have."""
    return {
        name: value
        for name, value in route.attributes.items()
        if value is not None and not _has(route.controller, name, value)
    }


def _has(controller: Any, name: str, value: Any) -> bool:
    # A list of the class's own is not left to instances, which could add to it.
    own = getattr(controller, name)
    return type(own) is type(value) and own == value


def _mode(function: Callable[..., Any], *, inline: bool) -> Literal["async", "blocking", "inline"]:
    if inspect.iscoroutinefunction(function):
        return "async"
    return "inline" if inline else "blocking"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Access:
    """Who may call a route: Rust's part, and Python's."""

    authentication: list[int]
    authenticators: Authenticators | None
    guard: plan.Guard | None
    #: Whether Python decides alone.
    deferred: bool
    permissions: Permissions | None
    admit: Callable[..., Awaitable[None]] | None


def _access(route: Route, policies: PolicyCompiler) -> _Access:
    listed = policies.authentication(route.authentication_classes, route.origin)
    authenticators = Authenticators(listed) if listed else None
    authenticates = bool(listed)
    asks_python = authenticators is not None and authenticators.in_python
    revocation = policies.revocation(item for _, item in listed)
    guard, permissions = policies.guard(
        route.permission_classes,
        route.origin,
        authenticates=authenticates,
        asks_python=asks_python or revocation is not None,
    )
    if permissions is not None:
        try:
            permissions.check_controller(route.controller)
        except TypeError as error:
            raise ConfigurationError(f"{route.origin}: {error}") from error
    admit: Callable[..., Awaitable[None]] | None = None
    overridden = frozenset() if route.controller is None else route.controller.__bolt__.hooks
    deferred = not admission.HOOKS.isdisjoint(overridden)
    if deferred:
        guard = permissions = None
        admit = _by_view(authenticates)
    elif permissions is not None:
        admit = _by_permissions(permissions)
    if revocation is not None:
        admit = admission.after_revocation(revocation, admit)
    if authenticators is not None and authenticators.in_python:
        admit = admission.after_authentication(authenticators, admit)
    return _Access(
        authentication=[index for index, _ in listed],
        authenticators=authenticators,
        guard=guard,
        deferred=deferred,
        permissions=permissions,
        admit=admit,
    )


def _by_view(authenticates: bool) -> Callable[..., Awaitable[None]]:
    def admit(
        request: Any, view: Any, _leaves: Sequence[bool | None], _pending: object
    ) -> Awaitable[None]:
        return admission.admit_by_view(request, view, authenticates)

    return admit


def _by_permissions(permissions: Permissions) -> Callable[..., Awaitable[None]]:
    def admit(
        request: Any, view: Any, leaves: Sequence[bool | None], _pending: object
    ) -> Awaitable[None]:
        return admission.admit(request, permissions, leaves, view)

    return admit


def _may_read_body(declared: signature.Signature, *, is_method: bool) -> bool:
    """Whether the handler can get hold of the request, and so of its body."""
    return is_method or any(
        given.is_request and given.name != signature.OWN_REQUEST.name for given in declared.inputs
    )


def _check_upload_options(route: Route, bound: binding.Binding, *, reads_body: bool) -> None:
    """Refuse options of uploads where no file could come."""
    takes_files = any(parameter.source == "file" for parameter in bound.parameters)
    if takes_files or (reads_body and bound.body is None):
        return
    for name in ("max_files", "content_types"):
        if getattr(route, name):
            raise ConfigurationError(
                f"{route.origin}: {name} is for uploads, and it takes no file."
            )


def _status(route: Route, *, is_empty: bool) -> int:
    """Return the status of a plain result; nothing (``-> None``) has 204 in the place of 200."""
    if not 200 <= route.status_code <= 599:
        raise ConfigurationError(
            f"{route.origin}: status_code {route.status_code} is not from 200 to 599."
        )
    if is_empty and route.status_code == HTTPStatus.OK:
        return HTTPStatus.NO_CONTENT
    return route.status_code
