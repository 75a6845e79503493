"""The application: settings to services to routes. The only place of wado_http, besides its commands, that assembles."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anyio import to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import Route
from starlette.types import Lifespan

from wado_core.errors import WadoError
from wado_core.settings import Settings
from wado_http.environment import settings_from_environment
from wado_http.errors import answer_http_exception, answer_wado_error
from wado_http.middleware import Failures, HeadWithoutBody, LoopbackHost, LoopbackNames, QueryLimit, SecurityHeaders, is_loopback
from wado_http.routes import health, thumbnails, uri, viewer
from wado_http.routes.methods import ReadOnly
from wado_http.short_way import ShortWay, ShortWayFirst
from wado_http.state import new_state


def create_app(settings: Settings, notices: socket.socket | None = None) -> Starlette:
    """Make the application of one worker; its lifespan builds the services and loads the kernels before it is ready.

    notices: where the indexer of the same server is told what requests find out; None where there is no indexer, as under another
    server than ``wado serve``: then ``wado index`` brings the index up to date.
    """
    return application(settings, lifespan(settings, notices))


def create_app_from_environment() -> Starlette:
    """Make the application from settings in the environment, for servers that take the name of a function."""
    return create_app(settings_from_environment())


def lifespan(settings: Settings, notices: socket.socket | None = None) -> Lifespan[Starlette]:
    """Return the lifespan of a worker: services and kernels before the first request, everything closed after the last."""

    @asynccontextmanager
    async def running(app: Starlette) -> AsyncIterator[None]:
        from wado_core import assemble

        services = await to_thread.run_sync(assemble.services, settings, notices)
        try:
            await to_thread.run_sync(services.warm_up)
            indexer = None if notices is None else assemble.status(settings)
            state = new_state(
                settings, services.locating, services.rendering, services.retrieval, services.browsing, services.sheets, indexer,
                services.caches,
            )  # fmt: skip
            app.state.wado = state
            try:
                yield
            finally:
                app.state.wado = None
                await state.slots.close()
        finally:
            await to_thread.run_sync(services.close)

    return running


def application(settings: Settings, life: Lifespan[Starlette]) -> Starlette:
    """Make routes and middleware; ``life`` puts a State in ``app.state.wado``; servers find a ShortWay in ``app.state.short_way``."""
    middleware = [
        Middleware(HeadWithoutBody),
        Middleware(SecurityHeaders),
        Middleware(Failures),
        Middleware(QueryLimit, characters=settings.limits.query_characters),
    ]
    names = LoopbackNames(settings.host) if is_loopback(settings.host) else None
    if names is not None:
        middleware.insert(3, Middleware(LoopbackHost, names=names))
    short_way = ShortWay(names, lambda: getattr(app.state, "wado", None))
    middleware.insert(0, Middleware(ShortWayFirst, short_way=short_way))
    app = Starlette(
        routes=[
            Route("/", ReadOnly(viewer.root)),
            Route("/wado", ReadOnly(uri.retrieve)),
            Route("/thumbnail", ReadOnly(thumbnails.thumbnail)),
            Route("/thumbnails", ReadOnly(thumbnails.sheet)),
            Route("/study", ReadOnly(viewer.study)),
            Route("/series", ReadOnly(viewer.series)),
            Route("/static/viewer.css", ReadOnly(viewer.stylesheet)),
            Route("/health/live", ReadOnly(health.live)),
            Route("/health/ready", ReadOnly(health.ready)),
            Route("/health/caches", ReadOnly(health.caches)),
        ],
        middleware=middleware,
        exception_handlers={WadoError: answer_wado_error, HTTPException: answer_http_exception},
        lifespan=life,
    )
    app.state.short_way = short_way
    app.router.redirect_slashes = False  # a redirect would repeat the client's Host and the query
    return app
