import os
from functools import cache

from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, sessionmaker

from bizcore import Company
from bizcore.store.sql import SqlStore

URL = os.environ.get("SHOP_DATABASE", "sqlite:///shop.db")
engine = create_engine(URL)
Session = sessionmaker(engine)


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"

    key: Mapped[str] = mapped_column(primary_key=True)
    customer: Mapped[str]
    invoice: Mapped[str]


@cache
def acme() -> Company:
    return Company.create("acme", currency="EUR", store=SqlStore(engine), actor="shop")
