"""How the samples of a picture are arranged in a scan: components, MCUs, restart intervals (T.81 A.1, A.2, E.1.4)."""

from dataclasses import dataclass
from enum import StrEnum

from wado_core.errors import InvalidRequest

# What the fields of SOF0 and DRI hold.
MOST_LINES = MOST_MCUS = 65_535


class Subsampling(StrEnum):
    """How many pixels one chroma sample stands for."""

    GRAY = "gray"
    FULL = "4:4:4"
    HALF_ACROSS = "4:2:2"
    HALF = "4:2:0"

    @property
    def across(self) -> int:
        """Pixels across."""
        return 2 if self in (Subsampling.HALF_ACROSS, Subsampling.HALF) else 1

    @property
    def down(self) -> int:
        """Pixels down."""
        return 2 if self is Subsampling.HALF else 1


@dataclass(frozen=True, slots=True)
class Layout:
    """One interleaved scan of a picture.

    rows, columns: 1 … 65,535.  restart_rows: MCU rows of a restart interval, None for no intervals.
    """

    rows: int
    columns: int
    subsampling: Subsampling
    restart_rows: int | None = None

    def __post_init__(self) -> None:
        for name, number in (("rows", self.rows), ("columns", self.columns)):
            if not 1 <= number <= MOST_LINES:
                raise InvalidRequest(f"A JPEG picture has 1 to {MOST_LINES} {name}.")
        if self.restart_rows is not None and self.restart_rows < 1:
            raise InvalidRequest("A restart interval is at least one row of MCUs.")
        if self.restart_mcus > MOST_MCUS:
            raise InvalidRequest(f"A restart interval of {self.restart_rows} rows has more than {MOST_MCUS} MCUs.")

    @property
    def components(self) -> int:
        """1 for gray, 3 for colour."""
        return 1 if self.subsampling is Subsampling.GRAY else 3

    @property
    def mcu_rows(self) -> int:
        """Rows of MCUs."""
        return -(-self.rows // (8 * self.subsampling.down))

    @property
    def mcu_columns(self) -> int:
        """MCUs in a row."""
        return -(-self.columns // (8 * self.subsampling.across))

    @property
    def restart_mcus(self) -> int:
        """MCUs of a restart interval, 0 for none."""
        return (self.restart_rows or 0) * self.mcu_columns
