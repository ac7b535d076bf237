"""What is given to be tried: a network, by its file, module, function or name, or an estimator of scikit-learn."""

import inspect
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any
from weakref import WeakValueDictionary

from torch.nn import Module, Parameter

from rrrn.benchmarking import factories
from rrrn.experiment import config as configuration
from rrrn.experiment import declared, defaults, methods, outside, protocol, variants
from rrrn.networks.network import Network
from rrrn.networks.plain import SEES, Sees
from rrrn.provenance.recipes import canonical
from rrrn.running import resources
from rrrn.running.stage import InputError
from rrrn.training.fold import Build

_SCHEMA = "workflow/schemas/config.schema.yaml"
_BUILD = "build(settings, n_classes, side, weights)"


@dataclass(frozen=True)
class Given:
    """A model as it was given: a method with a ``name``, of the file ``plugin`` if it is the user's, or a maker.

    ``build`` builds a network, or makes a plain module of PyTorch.
    """

    name: str = ""
    plugin: Path | None = None
    build: Callable[..., Any] | None = None
    estimator: Any = None


@dataclass(frozen=True)
class Contender:
    """A model with its name; a network has what the workflow would tell its training."""

    name: str
    build: Build | None = None
    told: Mapping[str, Any] | None = None
    weights: Path | None = None
    sha256: str = ""
    estimator: Any = None
    sees: Sees | None = None  # of what makes plain modules


def given(model: Any) -> Given:
    """Return what a model is; raises InputError for what is none. Paths are relative to the current directory."""
    if isinstance(model, str | Path):
        return _of_file(Path(model).resolve()) if outside.is_file(str(model)) else Given(str(model))
    if isinstance(model, ModuleType):
        return _of_module(model)
    if not isinstance(model, type) and hasattr(model, "fit") and hasattr(model, "get_params"):
        _check_classifier(model)
        return Given(estimator=model)
    if isinstance(model, Network):
        raise InputError(
            f"{type(model).__name__} is given as one network; every fold trains its own: give what builds it"
        )
    if isinstance(model, Module):
        name = type(model).__name__
        raise InputError(
            f"{name} is a module of PyTorch that is made already, and would carry its weights from fold to fold; every "
            f"fold trains its own: give its class, or a function that makes it, lambda n_classes: {name}(…)"
        )
    if not callable(model) or (isinstance(model, type) and not issubclass(model, Module)):
        raise InputError(
            f"{model!r} is no model: give a class of modules of PyTorch or a function that makes one, what builds a "
            f"network, {_BUILD}, its module or file, the name of a method, or an estimator of scikit-learn"
        )
    owner = sys.modules.get(getattr(model, "__module__", ""))
    if owner is not None and hasattr(owner, "METHOD") and getattr(owner, "build", None) is model:
        return _of_module(owner)
    return Given(build=model)


def _check_classifier(estimator: Any) -> None:
    """Raise InputError for an estimator that is known to name no classes: its numbers would be taken for some."""
    from sklearn.base import is_clusterer, is_outlier_detector, is_regressor

    told = hasattr(estimator, "__sklearn_tags__")
    other = told and (is_regressor(estimator) or is_clusterer(estimator) or is_outlier_detector(estimator))
    if other or not hasattr(estimator, "predict"):
        raise InputError(
            f"{type(estimator).__name__} is no classifier of scikit-learn; give one, or a pipeline with one"
        )


def asked(model: Given, files: Sequence[Path], own: Mapping[str, Any]) -> dict[str, Any]:
    """Return the configuration of the current directory under the user's, in which a declared model is named.

    Raises InputError if it cannot be read, does not follow the schema, or a model is named that is no method.
    """
    plugins, named = [model.plugin] if model.plugin else [], [model.name] if model.name else []
    try:
        return defaults.whole(files, own, plugins, named)
    except InputError:
        if model.name and model.name not in methods.METHODS:
            known = ", ".join(methods.names("network"))
            raise InputError(f"{model.name!r} is no method; give one of {known}, or a file that ends in .py") from None
        raise


def of(
    model: Given, name: str | None, settings: Mapping[str, Any], config: Mapping[str, Any], sees: Sees = "flow"
) -> tuple[Contender, dict[str, Any]]:
    """Return the contender, and the configuration with its settings in it.

    ``name``, ``settings`` and ``sees`` are the user's, ``config`` the whole configuration of the current directory, in
    which the method is named. Raises InputError for a model or any of these that cannot be used.
    """
    if sees not in SEES:
        raise InputError(f"sees is {sees!r}; it must be one of {', '.join(SEES)}")
    if model.name:
        factories.check_sees(model.name, sees)
        return _declared(model, name, settings, config)
    default = factories.name_of(model.build) if model.build else type(model.estimator).__name__
    called = default if name is None else name
    taken = called in {other for one in methods.METHODS.values() for other in (one.name, one.label)}
    if taken or not declared.NAME.fullmatch(called):
        why = "is that of a method" if taken else f"is not of the form {declared.NAME.pattern}"
        raise InputError(f"the name {called!r} {why}; give another: benchmark(…, name='mine')")
    if model.build:
        _check_plain(settings)
        plain = factories.is_factory(model.build, settings)
        if plain:
            build = factories.build(model.build, called, settings, sees)
        else:
            factories.check_sees(called, sees)
            build = model.build
        told = _told(config, called, called, settings)
        return Contender(called, _checked(build, called), told, sees=sees if plain else None), dict(config)
    factories.check_sees(called, sees)
    if settings:
        raise InputError("settings are a network's; give the estimator its parameters")
    return Contender(called, estimator=model.estimator), dict(config)


def _check_plain(settings: Mapping[str, Any]) -> None:
    """Raise InputError for settings that cannot be written down beside the scores."""
    for key, value in settings.items():
        try:
            json.dumps(value)
        except (TypeError, ValueError):
            raise InputError(
                f"settings have {key!r}, of type {type(value).__name__}; they are numbers, texts, true, false and "
                "lists of these: give other things in a function that makes the network"
            ) from None


def _of_file(path: Path, build: Build | None = None) -> Given:
    found = declared.read(path, "METHOD")
    if found is None:
        raise InputError(f"{path}: declares no METHOD, which docs/extending.md explains")
    return Given(found.name(), path, build)


def _of_module(module: ModuleType) -> Given:
    file = getattr(module, "__file__", None)
    if not hasattr(module, "METHOD") or file is None:
        raise InputError(f"module {module.__name__} declares no METHOD in a file; give its function build")
    own = module.__name__.startswith("rrrn.")
    return Given(module.METHOD["name"]) if own else _of_file(Path(file).resolve(), getattr(module, "build", None))


def _declared(
    model: Given, name: str | None, settings: Mapping[str, Any], config: Mapping[str, Any]
) -> tuple[Contender, dict[str, Any]]:
    """Return the contender of a method that is declared, in the package or by a plugin."""
    if name not in (None, model.name):
        raise InputError(f"{model.name} declares its name, so that it cannot be {name!r}")
    method, whole = methods.METHODS[model.name], dict(config)
    if method.kind != "network":
        raise InputError(
            f"{model.name} is a descriptor; give an estimator of scikit-learn, and features={model.name!r}"
        )
    part, _, section = method.section.partition(".")
    if settings:
        whole[part] = {**whole[part], section: {**methods.settings(whole, model.name), **settings}}
        try:
            configuration.check(whole, resources.path(_SCHEMA))
        except InputError as error:
            raise InputError(f"settings: {str(error).removeprefix('configuration: ')}") from None
        whole = configuration.completed(whole)
    build: Build = model.build or outside.load(method.module).build
    told = _told(whole, model.name, section, methods.settings(whole, model.name))
    files = [Path(path).resolve() for path in protocol.weights(whole, model.name)]
    weights, sha256 = files[0] if files else None, protocol.sha256(whole, model.name)
    return Contender(model.name, _checked(build, model.name), told, weights, sha256), whole


def _told(config: Mapping[str, Any], name: str, section: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the workflow tells a training: the section ``train``, and that of the network alone."""
    untold = protocol.WITHOUT_EFFECT if protocol.tuned(config) else (*protocol.WITHOUT_EFFECT, "tune")
    train = {key: value for key, value in variants.training(config, name).items() if key not in untold}
    return dict(canonical({"train": train, "networks": {section: dict(settings)}}))


def _checked(build: Build, name: str) -> Build:
    """Return a ``build`` that raises InputError for what is no network, or has weights of one that it built before."""
    try:
        inspect.signature(build).bind({}, 2, 28, None)
    except TypeError as error:
        raise InputError(
            f"build of {name} cannot be called as {_BUILD}: {error}; and what makes a plain module of PyTorch may need "
            f"{factories.NAMED} and what settings has, all by these names"
        ) from None
    before: WeakValueDictionary[int, Parameter] = WeakValueDictionary()

    def made(settings: Mapping[str, Any], n_classes: int, side: int, weights: Path | None) -> Network[Any]:
        network = build(settings, n_classes, side, weights)
        if not isinstance(network, Network):
            raise InputError(
                f"build of {name} returns {type(network).__name__}, which is no rrrn.networks.network.Network; "
                "docs/extending.md has one, and rrrn.networks.plain.Plain makes one of a plain module"
            )
        for weight in network.parameters():
            if before.get(id(weight)) is weight:
                raise InputError(
                    f"build of {name} returns weights that it returned before, which would carry them from fold to "
                    "fold; let it make all its layers anew"
                )
        before.update({id(weight): weight for weight in network.parameters()})
        return network

    return made
