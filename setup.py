"""What pyproject.toml cannot say: a package holds the manual, which lies beside `chatgee/`."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["chatgee", "chatgee.*"]), "chatgee.docs"],
    package_dir={"chatgee.docs": "docs"},
)
