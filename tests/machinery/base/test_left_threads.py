"""A test that leaves a thread running fails, and the failure names the thread."""


def test_a_thread_that_outlives_its_test_is_that_tests_error(fresh_run):
    ran = fresh_run(
        "import threading, time\n"
        "import left_threads\n"
        "left_threads.SECONDS_TO_END = 0.01\n"
        "def poll():\n"
        "    while True:\n"
        "        time.sleep(0.01)\n"
        "def test_one():\n"
        "    threading.Thread(target=poll, name='poller', daemon=True).start()\n"
        "def test_two():\n"
        "    thread = threading.Thread(target=time.sleep, args=(0.001,))\n"
        "    thread.start()\n"
        "    thread.join()\n",
        "-q",
    )
    assert "ERROR at teardown of test_one" in ran.stdout
    assert "joined by the test: poller" in ran.stdout
    assert "2 passed, 1 error" in ran.stdout
