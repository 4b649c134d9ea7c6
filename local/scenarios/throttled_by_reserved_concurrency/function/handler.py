"""Takes an order; busy shops take longer."""

import time


def handler(event, context):
    time.sleep(event["seconds"])
    print("order taken")
    return {"taken": True}
