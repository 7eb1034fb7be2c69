import io
import os
import subprocess
import sys

import pytest

from pytensorlite.configdefaults import OPTIONS, Config, Option, config, parse_flags


@pytest.fixture
def fresh():
    return Config(OPTIONS, {})


def test_every_option_has_a_legal_default_and_a_doc():
    names = [option.name for option in OPTIONS]
    assert len(set(names)) == len(names)
    for option in OPTIONS:
        assert option.parse(option.default) == option.default, option.name
        assert option.doc, option.name


@pytest.mark.parametrize(
    ("name", "given", "kept"),
    [
        ("floatX", "float32", "float32"),
        ("threads", "3", 3),
        ("compile_timeout", 5, 5.0),
        ("profile", "yes", True),
        ("profile", "0", False),
        ("cache_dir", "/somewhere", "/somewhere"),
    ],
)
def test_values_are_converted(fresh, name, given, kept):
    setattr(fresh, name, given)
    assert getattr(fresh, name) == kept


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("floatX", "float8", "expected one of 'float64', 'float32', 'float16', got 'float8'"),
        ("threads", "many", "expected a value of type int"),
        ("profile", "perhaps", "expected True or False"),
    ],
)
def test_wrong_values_are_refused(fresh, name, given, message):
    before = getattr(fresh, name)
    with pytest.raises(ValueError, match=message):
        setattr(fresh, name, given)
    assert getattr(fresh, name) == before


def test_unknown_names_are_refused_with_a_hint(fresh):
    with pytest.raises(AttributeError, match=r"no option 'floatx'; did you mean 'floatX'\?"):
        fresh.floatx
    with pytest.raises(AttributeError, match="no option"):
        fresh.nonsense_of_mine = 1
    with pytest.raises(ValueError, match="no option"):
        fresh.change_flags(nonsense=1)
    with pytest.raises(ValueError, match="PYTENSORLITE_FLAGS"):
        Config(OPTIONS, {"nonsense": "1"})


def test_flags_change_for_a_while(fresh):
    with fresh.change_flags(floatX="float32"):
        assert fresh.floatX == "float32"
        with fresh.change_flags(floatX="float16", profile=True):
            assert fresh.floatX == "float16"
        assert (fresh.floatX, fresh.profile) == ("float32", False)
    assert fresh.floatX == "float64"


def test_flags_are_restored_after_errors(fresh):
    with pytest.raises(KeyError), fresh.change_flags(floatX="float32"):
        raise KeyError
    with pytest.raises(ValueError, match="profile"), fresh.change_flags(threads=2, profile="hm"):
        pass
    assert (fresh.floatX, fresh.threads) == ("float64", 0)


def test_change_flags_decorates(fresh):
    @fresh.change_flags(floatX="float32")
    def which(depth):
        return which(depth - 1) if depth else fresh.floatX

    assert which(3) == "float32"
    assert fresh.floatX == "float64"


def test_flags_text():
    assert parse_flags("") == {}
    assert parse_flags(" a = b , c.d=e=f,") == {"a": "b", "c__d": "e=f"}
    with pytest.raises(ValueError, match="name=value"):
        parse_flags("a")


def test_options_are_printed(fresh):
    buffer = io.StringIO()
    fresh.config_print(buffer)
    assert "floatX = 'float64'" in buffer.getvalue()
    assert "threads" in str(fresh)


def test_the_environment_sets_options():
    code = "from pytensorlite.configdefaults import config; print(config.floatX, config.threads)"
    environment = {**os.environ, "PYTENSORLITE_FLAGS": "floatX=float32,threads=2"}
    answer = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert answer.stdout == "float32 2\n"


def test_an_option_of_any_kind_takes_any_object():
    thing = object()
    assert Option("mode", None, object, "any").parse(thing) is thing
    assert config.mode == "FAST_RUN"
