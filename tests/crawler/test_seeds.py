from __future__ import annotations

import pytest

from crawler.seeds import SeedError, load_seeds, read_seeds

GOOD = """
id = "gazette"
name = "The Gazette"
language = "en-GB"
home = "https://gazette.example/"
feeds = ["https://gazette.example/feed"]
"""


def write(folder, name, text):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_reads_a_folder_with_its_subfolders_in_order_of_ids(tmp_path):
    write(tmp_path, "gb/b.toml", GOOD)
    write(tmp_path, "de/a.toml", GOOD.replace('"gazette"', '"anzeiger"'))
    assert [seed.id for seed in load_seeds([tmp_path])] == ["anzeiger", "gazette"]


def test_keys_that_are_left_out_have_defaults(tmp_path):
    (seed,) = load_seeds([write(tmp_path, "a.toml", GOOD)])
    assert (seed.delay_seconds, seed.enabled, seed.sitemaps) == (1.0, True, ())
    assert list(seed.listings) == [("feed", "https://gazette.example/feed")]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("feeds =", "feed =", "feed: unknown key"),
        ('"https://gazette.example/feed"', '"ftp://gazette.example/feed"', r"feeds\[0\]: .*not an http"),
        ('"https://gazette.example/feed"', "3", r"feeds\[0\]: Expected `str`"),
        ('"https://gazette.example/feed"', '"https://a b/feed"', r"feeds\[0\]: .*spaces"),
        ('"https://gazette.example/feed"', '"https://u:pw@gazette.example/feed"', r"feeds\[0\]: .*user name"),
        ('"https://gazette.example/feed"', '"https://gazette.example:x/"', r"feeds\[0\]: .*not an address"),
        ('home = "https://gazette.example/"\n', "", "missing required field `home`"),
        ('id = "gazette"', 'id = "The Gazette"', "id: .*lower case"),
        ('language = "en-GB"', 'language = "English please"', "language: .*not a language tag"),
        ('feeds = ["https://gazette.example/feed"]', "", "feeds: nothing to fetch"),
        ("feeds =", "delay_seconds = -1\nfeeds =", "delay_seconds: -1"),
        ("feeds =", 'deny = ["https://gazette.example/x"]\nfeeds =', r"deny\[0\]: .*without scheme"),
        ('name = "The Gazette"', "name = ", "not valid TOML"),
        ("feeds =", "min_interval_minutes = 0\nfeeds =", "min_interval_minutes: must be from 1"),
        ("feeds =", "max_interval_minutes = 2\nfeeds =", "max_interval_minutes: must be from min_interval"),
        ("feeds =", "max_interval_minutes = nan\nfeeds =", "max_interval_minutes: must be"),
        ("feeds =", 'schedule = "* * * *"\nfeeds =', "schedule: .*five fields"),
        ("feeds =", 'schedule = "61 * * * *"\nfeeds =', "schedule: .*no cron line: Bad minute"),
        ("feeds =", 'schedule = "0 0 30 2 *"\nfeeds =', "schedule: .*no cron line"),
        ("feeds =", 'timezone = "Berlin"\nfeeds =', "timezone: 'Berlin' is no time zone"),
        ("feeds =", 'timezone = "../x"\nfeeds =', "timezone: .*no time zone"),
        ("feeds =", 'quiet_hours = ["11pm-5am"]\nfeeds =', r"quiet_hours\[0\]: .*two times"),
        ("feeds =", 'quiet_hours = ["05:00-05:00"]\nfeeds =', r"quiet_hours\[0\]: .*begins when it ends"),
        ("feeds =", 'quiet_hours = ["00:00-12:00", "12:00-24:00"]\nfeeds =', "quiet_hours: leave no time"),
    ],
)
def test_mistake_is_refused_with_file_and_key(tmp_path, old, new, said):
    path = write(tmp_path, "gazette.toml", GOOD.replace(old, new))
    with pytest.raises(SeedError, match=rf"gazette\.toml: .*{said}") as error:
        load_seeds([path])
    assert "\n" not in str(error.value).replace(str(tmp_path), "")


def test_password_in_an_address_is_not_shown(tmp_path):
    path = write(
        tmp_path, "a.toml", GOOD.replace("https://gazette.example/feed", "https://u:hush@g.example/")
    )
    assert "hush" not in read_seeds([path])[1][0]


def test_same_id_in_two_files_is_refused_with_both_names(tmp_path):
    write(tmp_path, "a.toml", GOOD)
    write(tmp_path, "b.toml", GOOD)
    with pytest.raises(SeedError, match=r"b\.toml: id: 'gazette' is taken by .*a\.toml"):
        load_seeds([tmp_path])


@pytest.mark.parametrize("name", ["nowhere", "nothing.toml"])
def test_missing_path_is_refused_by_name(tmp_path, name):
    with pytest.raises(SeedError, match=f"{name}: no such file or folder"):
        load_seeds([tmp_path / name])


def test_folder_without_seeds_is_refused(tmp_path):
    with pytest.raises(SeedError, match=r"no \.toml file"):
        load_seeds([tmp_path])


def test_every_mistake_is_found_and_the_other_seeds_are_read(tmp_path):
    write(tmp_path, "a.toml", GOOD)
    write(tmp_path, "b.toml", "id = 3")
    write(tmp_path, "c.toml", "x")
    seeds, errors = read_seeds([tmp_path])
    assert [seed.id for seed in seeds] == ["gazette"]
    assert len(errors) == 2
