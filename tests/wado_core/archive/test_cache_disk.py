"""Pictures on disk: the contract of caches, and what only a disk can do: fill up, be damaged, be shared, outlive a kill."""

import logging
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.contract.caches import A, B, RenderCacheContract, digest_of, picture
from tests.hostile.disk_full import fill, small_disk
from wado_core.archive import cache_disk
from wado_core.archive.cache_disk import DiskCache
from wado_core.archive.picture_file import HEAD_BYTES
from wado_core.archive.picture_folder import Entry, PictureFolder, cost_of
from wado_core.model.frame import EncodedImage
from wado_core.ports import RenderCache

MIB = 1 << 20


@contextmanager
def mode(path: Path, bits: int) -> Iterator[None]:
    before = stat.S_IMODE(path.stat().st_mode)
    path.chmod(bits)
    try:
        yield
    finally:
        path.chmod(before)


def files(state: Path) -> list[Path]:
    """Return the files of pictures."""
    return sorted(path for path in (state / "pictures").glob("??/*") if path.is_file())


def on_disk(state: Path) -> int:
    """Return what all files of the cache take, those that are being written too."""
    folder = state / "pictures"
    return sum(cost_of(path.stat().st_size) for path in folder.rglob("*") if path.is_file() and path.parent != folder)


def made_of(image: EncodedImage, digest: str) -> bool:
    """Whether this is what ``writer`` puts under the digest."""
    return image.data == bytes.fromhex(digest) * (len(image.data) // 16) and len(image.data) > 0


class TestContract(RenderCacheContract):
    @pytest.fixture
    def cache(self, tmp_path: Path) -> RenderCache:
        return DiskCache(tmp_path, MIB, tidies=True)


class TestFiles:
    def test_nothing_is_made_before_a_picture_is_put(self, tmp_path: Path) -> None:
        cache = DiskCache(tmp_path, MIB, tidies=False)
        assert cache.get(A) is None
        assert cache.counts().entries == 0
        assert list(tmp_path.iterdir()) == []

    def test_all_is_private_and_named_by_the_digest_alone(self, tmp_path: Path) -> None:
        before = os.umask(0)
        try:
            DiskCache(tmp_path, MIB, tidies=True).put(A, picture(100))
        finally:
            os.umask(before)
        assert [path.relative_to(tmp_path / "pictures") for path in files(tmp_path)] == [Path(A[:2]) / A]
        for path in (tmp_path / "pictures", *(tmp_path / "pictures").rglob("*")):
            assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path

    def test_a_folder_that_others_could_enter_is_closed(self, tmp_path: Path) -> None:
        (tmp_path / "pictures").mkdir(mode=0o755)
        (tmp_path / "pictures").chmod(0o755)
        DiskCache(tmp_path, MIB, tidies=True).put(A, picture(100))
        assert stat.S_IMODE((tmp_path / "pictures").stat().st_mode) == 0o700

    def test_it_is_found_by_others_and_after_a_restart(self, tmp_path: Path) -> None:
        first, second = (DiskCache(tmp_path, MIB, tidies=False) for _ in range(2))
        first.put(A, EncodedImage(b"png", "image/png"))
        assert second.get(A) == EncodedImage(b"png", "image/png")
        assert second.holds(A)
        assert (first.counts().hits, second.counts().hits, second.counts().entries) == (0, 1, 1)

    def test_no_picture_is_left_open_or_half_named(self, tmp_path: Path) -> None:
        cache = DiskCache(tmp_path, MIB, tidies=True)
        before = len(os.listdir("/proc/self/fd"))
        for number in range(100):
            cache.put(digest_of(number), picture(number))
            cache.get(digest_of(number))
            cache.get(digest_of(-number - 1))
        assert len(os.listdir("/proc/self/fd")) == before
        assert list((tmp_path / "pictures" / "new").iterdir()) == []

    def test_a_digest_that_none_is_has_no_file(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="digest"):
            DiskCache(tmp_path, MIB, tidies=True).put("../../etc/passwd", picture(100))

    def test_the_folder_may_be_removed_while_it_is_used(self, tmp_path: Path) -> None:
        cache = DiskCache(tmp_path, MIB, tidies=True)
        cache.put(A, picture(100))
        subprocess.run(["rm", "-r", tmp_path / "pictures"], check=True)
        assert cache.get(A) is None
        cache.put(B, picture(100))
        assert cache.get(B) == picture(100)
        assert cache.counts().entries == 1


class TestDamage:
    @pytest.mark.parametrize("position", [0, 8, 24, 30, 56, 64, HEAD_BYTES, HEAD_BYTES + 999, -1])
    def test_one_wrong_bit_anywhere_is_noticed(self, tmp_path: Path, position: int) -> None:
        cache = DiskCache(tmp_path, MIB, tidies=False)
        cache.put(A, picture(2000, 7))
        (path,) = files(tmp_path)
        data = bytearray(path.read_bytes())
        data[position] ^= 4
        path.write_bytes(data)
        assert cache.get(A) is None
        assert not path.exists()
        cache.put(A, picture(2000, 7))
        assert cache.get(A) == picture(2000, 7)

    @pytest.mark.parametrize("length", [0, 1, HEAD_BYTES - 1, HEAD_BYTES, HEAD_BYTES + 1, HEAD_BYTES + 1999])
    def test_nor_is_a_part_of_a_picture_served(self, tmp_path: Path, length: int) -> None:
        """As a power cut leaves it: nothing is synced."""
        cache = DiskCache(tmp_path, MIB, tidies=False)
        cache.put(A, picture(2000))
        (path,) = files(tmp_path)
        os.truncate(path, length)
        assert cache.get(A) is None
        assert not path.exists()

    def test_more_than_the_picture_is_not_it_either(self, tmp_path: Path) -> None:
        cache = DiskCache(tmp_path, MIB, tidies=False)
        cache.put(A, picture(2000))
        (path,) = files(tmp_path)
        path.write_bytes(path.read_bytes() + b"\0")
        assert cache.get(A) is None

    def test_a_sound_picture_under_the_name_of_another_is_not_served(self, tmp_path: Path) -> None:
        cache = DiskCache(tmp_path, MIB, tidies=False)
        for digest in (A, B):
            cache.put(digest, picture(2000))
        one, other = files(tmp_path)
        os.replace(one, other)
        assert cache.get(A) is cache.get(B) is None

    @pytest.mark.parametrize("plant", [os.mkdir, lambda path: os.symlink("/etc/passwd", path), os.mkfifo])
    def test_what_is_no_file_is_a_miss(self, tmp_path: Path, plant: object) -> None:
        cache = DiskCache(tmp_path, MIB, tidies=True)
        cache.put(A, picture(10))
        (path,) = files(tmp_path)
        path.unlink()
        plant(path)  # type: ignore[operator]
        assert cache.get(A) is None

    @pytest.mark.parametrize("content", [b"", b"nonsense", bytes(48), b"wadoled1" + bytes(48), bytes(1000)])
    def test_a_lost_ledger_is_made_anew_from_what_is_there(self, tmp_path: Path, content: bytes) -> None:
        cache = DiskCache(tmp_path, MIB, tidies=True)
        for number in range(60):
            cache.put(digest_of(number), picture(10_000))
        (tmp_path / "pictures" / "ledger").write_bytes(content)
        for number in range(60, 300):
            cache.put(digest_of(number), picture(10_000))
            assert on_disk(tmp_path) <= MIB
        assert cache.counts().size_bytes == on_disk(tmp_path)


class TestRoom:
    def test_the_bound_holds_at_every_moment(self, tmp_path: Path) -> None:
        cache = DiskCache(tmp_path, MIB, tidies=True)
        for number in range(400):
            cache.put(digest_of(number), picture(number * 997 % 60_000))
            assert on_disk(tmp_path) == cache.counts().size_bytes <= MIB

    def test_without_tidying_nothing_goes_and_nothing_comes(self, tmp_path: Path) -> None:
        cache = DiskCache(tmp_path, MIB, tidies=False)
        for number in range(200):
            cache.put(digest_of(number), picture(20_000))
        counts = cache.counts()
        assert (counts.entries, counts.evictions, counts.refused) == (MIB // 20480, 0, 200 - MIB // 20480)
        assert cache.get(digest_of(0)) is not None
        cache.tidying.tidy()  # as the indexer does it
        assert MIB * 13 // 16 < cache.counts().size_bytes <= MIB * 7 // 8
        cache.put(A, picture(20_000))
        assert cache.get(A) is not None

    def test_what_was_used_least_lately_goes(self, tmp_path: Path) -> None:
        cache = DiskCache(tmp_path, MIB, tidies=True)
        for number in range(46):
            cache.put(digest_of(number), picture(20_000))
        for age, number in enumerate(range(45, -1, -1)):
            os.utime(tmp_path / "pictures" / digest_of(number)[:2] / digest_of(number), (time.time() - 3600 - age,) * 2)
        used = {0, 1, 2, 30}
        for number in used:
            assert cache.get(digest_of(number)) is not None
        for number in range(100, 104):
            cache.put(digest_of(number), picture(20_000))
        kept = {number for number in (*range(46), *range(100, 104)) if cache.holds(digest_of(number))}
        gone = set(range(46)) - kept
        assert gone == set(range(3, 3 + len(gone)))  # the oldest, but for those that were used
        assert used | {100, 101, 102, 103} <= kept
        assert len(gone) == cache.counts().evictions > 0

    def test_a_use_is_noted_once_a_minute(self, tmp_path: Path) -> None:
        cache = DiskCache(tmp_path, MIB, tidies=True)
        cache.put(A, picture(10))
        (path,) = files(tmp_path)
        just_now = time.time_ns() - 20 * 10**9
        os.utime(path, ns=(just_now, just_now))
        cache.get(A)
        assert path.stat().st_mtime_ns == just_now
        earlier = time.time_ns() - 61 * 10**9
        os.utime(path, ns=(earlier, earlier))
        cache.get(A)
        assert time.time() - path.stat().st_mtime < 30

    def test_a_smaller_bound_holds_after_the_next_tidying(self, tmp_path: Path) -> None:
        large = DiskCache(tmp_path, MIB, tidies=True)
        for number in range(80):
            large.put(digest_of(number), picture(10_000))
        small = DiskCache(tmp_path, MIB // 4, tidies=False)
        assert small.get(digest_of(79)) is not None
        assert small.tidying.is_needed()
        small.tidying.tidy()
        assert on_disk(tmp_path) <= MIB // 4 * 7 // 8

    def test_one_process_tidies_at_a_time(self, tmp_path: Path) -> None:
        first, second = (DiskCache(tmp_path, MIB, tidies=False) for _ in range(2))
        for number in range(84):
            first.put(digest_of(number), picture(10_000))
        with first.tidying._alone() as alone:
            assert alone
            second.tidying.tidy()
            assert second.counts().evictions == 0
        second.tidying.tidy()
        assert second.counts().evictions > 0

    def test_what_a_killed_process_was_writing_is_cleared_when_it_is_old(self, tmp_path: Path) -> None:
        cache = DiskCache(tmp_path, MIB, tidies=False)
        cache.put(A, picture(10))
        old, young = (tmp_path / "pictures" / "new" / name for name in ("old", "young"))
        for path in (old, young):
            path.write_bytes(bytes(1000))
        os.utime(old, (time.time() - 1000,) * 2)
        cache.tidying.tidy()
        assert not old.exists()
        assert young.exists()

    def test_what_is_put_while_all_is_counted_counts_once(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Into folders that were listed, into those that will be, and into the one that is being looked at."""
        tidying, putting = DiskCache(tmp_path, MIB, tidies=False), DiskCache(tmp_path, MIB, tidies=False)
        digests = iter([f"{number:02x}{turn:030x}" for turn in range(40) for number in (0, 127, 128, 129, 255)])
        for _ in range(10):
            putting.put(next(digests), picture(3000))
        listed = PictureFolder.entries

        def entries(folder: PictureFolder, number: int, names: list[str]) -> Iterator[Entry]:
            if number == 128:
                for _ in range(30):
                    putting.put(next(digests), picture(3000))
            yield from listed(folder, number, names)

        monkeypatch.setattr(PictureFolder, "entries", entries)
        for turn in range(1, 3):
            tidying.tidying.tidy()
            assert tidying.counts().size_bytes == on_disk(tmp_path)
            assert tidying.counts().entries == len(files(tmp_path)) == 10 + 30 * turn

    @pytest.mark.parametrize("folder", [0, 127, 200])
    def test_a_count_that_was_broken_off_harms_none_that_follows(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: int
    ) -> None:
        cache = DiskCache(tmp_path, MIB, tidies=False)
        cache.put(digest_of(1), picture(3000))

        def entries(_folder: PictureFolder, number: int, _names: list[str]) -> Iterator[Entry]:
            if number == folder:
                raise OSError(5, "Input/output error")
            yield from ()

        with monkeypatch.context() as patch:
            patch.setattr(PictureFolder, "entries", entries)
            with pytest.raises(OSError, match="Input/output"):
                cache.tidying.tidy()
        for number in range(2, 60):
            cache.put(digest_of(number), picture(3000))
            assert cache.counts().size_bytes == on_disk(tmp_path)
        cache.tidying.tidy()
        assert (cache.counts().size_bytes, cache.counts().entries) == (on_disk(tmp_path), 59)

    def test_many_more_than_are_remembered_at_once(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("wado_core.archive.cache_tidying._MOST_REMEMBERED", 3)
        cache = DiskCache(tmp_path, MIB, tidies=True)
        for number in range(300):
            cache.put(digest_of(number), picture(10_000))
        assert on_disk(tmp_path) == cache.counts().size_bytes <= MIB
        assert cache.get(digest_of(299)) is not None
        assert cache.counts().entries + cache.counts().evictions == 300


class TestTrouble:
    def test_a_full_disk_is_told_once_and_counted(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with small_disk(tmp_path / "disk") as state:
            cache = DiskCache(state, 16 << 20, tidies=False)
            cache.put(A, picture(10_000))
            filling = fill(state)
            monkeypatch.setattr(cache_disk, "REST_S", 0.0)
            with caplog.at_level(logging.WARNING):
                for number in range(10):
                    cache.put(digest_of(number), picture(50_000))
            assert [record.getMessage() for record in caplog.records] == [
                "pictures are not kept on disk now: the disk is full; requests go on"
            ]
            assert cache.counts().refused == 10
            assert cache.get(A) == picture(10_000)  # what is there is served
            assert list((state / "pictures" / "new").iterdir()) == []
            filling.unlink()
            cache.put(B, picture(50_000))
            assert cache.get(B) == picture(50_000)
            assert cache.counts().size_bytes == on_disk(state)

    def test_room_is_left_for_the_index(self, tmp_path: Path) -> None:
        with small_disk(tmp_path / "disk") as state:
            cache = DiskCache(state, 16 << 20, tidies=False)
            for number in range(500):
                cache.put(digest_of(number), picture(10_000))
            free = os.statvfs(state)
            assert MIB <= free.f_bavail * free.f_frsize < MIB + 50_000

    def test_what_a_full_disk_takes_in_part_is_removed(self, tmp_path: Path) -> None:
        with small_disk(tmp_path / "disk") as state:
            folder = PictureFolder(state)
            folder.make()
            fill(state, leave_bytes=8192)
            with pytest.raises(OSError, match="No space left"):
                folder.write("name", (bytes(100), bytes(50_000)))
            assert list((state / "pictures" / "new").iterdir()) == []

    def test_a_disk_that_refused_is_left_alone_for_a_while(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        cache = DiskCache(tmp_path, MIB, tidies=False)
        calls = []

        def refused(*arguments: object) -> None:
            calls.append(arguments)
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(PictureFolder, "write", refused)
        for _ in range(5):
            cache.put(A, picture(100))
        assert len(calls) == 1
        assert cache.counts().refused == 5

    @pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
    def test_a_state_folder_that_cannot_be_written(self, tmp_path: Path) -> None:
        with mode(tmp_path, 0o500):
            cache = DiskCache(tmp_path, MIB, tidies=True)
            cache.put(A, picture(100))
            assert cache.get(A) is None
            assert cache.counts().refused == 1

    def test_a_state_folder_on_a_disk_that_is_read_only(self, tmp_path: Path) -> None:
        with small_disk(tmp_path / "disk") as state:
            writing = DiskCache(state, MIB, tidies=True)
            writing.put(A, picture(100))
            long_ago = time.time() - 1000
            os.utime(files(state)[0], (long_ago, long_ago))
            subprocess.run(["mount", "-o", "remount,ro", state], check=True)
            cache = DiskCache(state, MIB, tidies=True)
            assert cache.get(A) == picture(100)  # though its use cannot be noted
            cache.put(B, picture(100))
            assert cache.get(B) is None
            assert (cache.counts().refused, cache.counts().entries) == (1, 1)


# Puts pictures of random lengths, says of each when it is there, and reads others, until it is killed.
_WRITER = """
import random, sys
from pathlib import Path
from tests.contract.caches import digest_of
from wado_core.archive.cache_disk import DiskCache
from wado_core.model.frame import EncodedImage
cache = DiskCache(Path(sys.argv[1]), 1 << 20, tidies=True)
chance = random.Random(int(sys.argv[2]))
print("ready", flush=True)
while True:
    digest = digest_of(chance.randrange(400))
    cache.put(digest, EncodedImage(bytes.fromhex(digest) * chance.randrange(1, 3000), "image/jpeg"))
"""


def test_kills_at_any_moment_leave_neither_torn_pictures_nor_more_than_the_bound(tmp_path: Path) -> None:
    reader = DiskCache(tmp_path, MIB, tidies=False)
    slack = 2 * cost_of(48_000 + HEAD_BYTES)  # each writer may be writing one picture
    found = 0
    for turn in range(8):
        writers = [
            subprocess.Popen([sys.executable, "-c", _WRITER, tmp_path, str(2 * turn + one)], stdout=subprocess.PIPE) for one in range(2)
        ]
        try:
            for writer in writers:
                assert writer.stdout is not None
                assert writer.stdout.readline() == b"ready\n"
            end = time.monotonic() + 0.3 + turn * 0.037
            while time.monotonic() < end:
                for number in range(0, 400, 7):
                    image = reader.get(digest_of(number))
                    assert image is None or made_of(image, digest_of(number))
                    found += image is not None
        finally:
            for writer in writers:
                writer.send_signal(signal.SIGKILL)
            for writer in writers:
                writer.communicate()
        left_behind = list((tmp_path / "pictures" / "new").iterdir())
        for path in left_behind:
            os.utime(path, (0, 0))
        assert on_disk(tmp_path) <= MIB + slack
        # Never too little; too much, until the next look, by what each was putting, and by what one of them was removing.
        there = sum(cost_of(path.stat().st_size) for path in files(tmp_path))
        assert there <= reader.counts().size_bytes <= min(there + slack + MIB // 8 + slack // 2, MIB)
    assert found > 100
    reader.tidying.tidy()
    assert list((tmp_path / "pictures" / "new").iterdir()) == []
    assert reader.counts().size_bytes == on_disk(tmp_path)
    assert reader.counts().entries == len(files(tmp_path))


def test_readers_and_writers_of_several_threads(tmp_path: Path) -> None:
    caches = [DiskCache(tmp_path, MIB // 2, tidies=True) for _ in range(2)]

    def work(thread: int) -> int:
        hits = 0
        for turn in range(150):
            digest = digest_of((turn * 13 + thread * 7) % 90)
            caches[thread % 2].put(digest, EncodedImage(bytes.fromhex(digest) * 600, "image/jpeg"))
            image = caches[(thread + 1) % 2].get(digest)
            hits += image is not None
            assert image is None or made_of(image, digest)
        return hits

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(work, range(4))) > 100
    assert on_disk(tmp_path) == caches[0].counts().size_bytes <= MIB // 2
    assert caches[0].counts().entries == len(files(tmp_path))
