"""A good backup, and a folder into which it may be put."""

from tests.support.backups import good as good
from tests.support.backups import new as new
from tests.support.backups import ours as ours
