"""Names that Gymnasium imports: `MODULE/ID` makes one environment of a world, `MODULE/ID/vector` many.

They are strings, so that a specification can be written as JSON and read by another process. The module that
makes the dynamics is in them, because such a process has not imported it yet.
"""

from importlib import import_module

from lndp_envs.registration import VECTOR, WORLDS, SingleEntry, VectorEntry


def __getattr__(name: str) -> SingleEntry | VectorEntry:
    module, slash, rest = name.partition("/")
    if not slash:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    env_id = rest.removesuffix(VECTOR)
    if env_id not in WORLDS:
        import_module(module)
    if env_id not in WORLDS:
        raise AttributeError(f"{module} registers no world {env_id!r}; import the module that does")
    return SingleEntry(WORLDS[env_id]) if rest == env_id else VectorEntry(WORLDS[env_id])
