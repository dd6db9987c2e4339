import asyncio
import random
from typing import Annotated

from fastapi import APIRouter, Header
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from shop.database import URL
from shop.orders import AGAIN, TRIES, NewOrder, Placed, write

url = make_url(URL)
engine = create_async_engine(url.set(drivername="sqlite+aiosqlite") if url.get_backend_name() == "sqlite" else url)
sessions: async_sessionmaker[AsyncSession] = async_sessionmaker(engine)
router = APIRouter()


@router.post("/async/orders", status_code=201)
async def new_order(new: NewOrder, idempotency_key: Annotated[str, Header()]) -> Placed:
    tries = 0
    while True:
        try:
            async with sessions.begin() as session:
                return await session.run_sync(write, new, idempotency_key)
        except AGAIN:
            tries += 1
            if tries == TRIES:
                raise
            await asyncio.sleep(random.uniform(0, 0.1))
