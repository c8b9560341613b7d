"""Programs that misbehave: each job ends with the exact reason, and nothing outside is touched."""
import pytest

from helpers import problem
from helpers_processing import COPY, ended, ordered, run


@pytest.mark.parametrize("program, reason", [
    ("import sys; print('sorry'); sys.exit(3)", "exit"),
    ("raise ValueError('no good')", "exit"),
    ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "signal"),
    ("a = []\nwhile True: a.append(bytearray(4 << 20))", "oom"),
    ("bytearray(1 << 40)", "oom"),
    ("while True: pass", "timeout"),
    ("import time; time.sleep(60)", "timeout"),
    ("import os\nwhile True:\n  try: os.fork()\n  except OSError: pass", "timeout"),
    ("f = open('/out/big', 'wb')\nwhile True: f.write(b'x' * 1048576)", "disk"),
    ("i = 0\nwhile True:\n  open('/out/%d' % i, 'w'); i += 1", "disk"),
    ("pass", "result"),
    ("open('/out/result.tif', 'w').write('no raster')", "result"),
    ("import os; os.symlink('/etc/passwd', '/out/result.tif')", "result"),
    ("import os; os.symlink('/in/scene/red.tif', '/out/result.tif')", "result"),
    ("import os; os.mkfifo('/out/result.tif')", "result"),
    ("import os; os.mkdir('/out/result.tif')", "result"),
    ("open('/out/result.tif','w').write('<VRTDataset rasterXSize=\"1\" rasterYSize=\"1\"><VRTRasterBand dataType=\"Byte\" band=\"1\">"
     "<SimpleSource><SourceFilename>/etc/passwd</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>')", "result"),
    ("from osgeo import gdal\ngdal.GetDriverByName('GTiff').Create('/out/result.tif', 8, 8, 1)", "result"),
])
def test_reasons(author, package, scene, program, reason):
    # Short only for those that run into it: on a busy machine others may need longer to come to their own end.
    process = package(program, limits={"memory_mb": 128, "seconds": 4 if reason == "timeout" else 60, "disk_mb": 16})
    job = ordered(author, process, {"scene": scene})
    now = ended(author, job)
    assert (now["status"], now["reason"]) == ("failed", reason), (now, author.get(f"/processing/jobs/{job}/logs").text)
    assert now["nadir:cost"]["amount"] == 0
    body = problem(author.get(f"/processing/jobs/{job}/results"), 422, "job-failed")
    assert body["reason"] == reason
    if "exit(3)" in program:
        assert now["exit_code"] == 3 and "sorry" in now["message"]


PROBES = """
import os, socket
def tried(what, do):
    try:
        do()
        print('DONE', what)
    except OSError as e:
        print('refused', what)
tried('tcp', lambda: socket.create_connection(('127.0.0.1', 5432), 1))
tried('udp', lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
tried('input', lambda: open('/in/scene/red.tif', 'r+b'))
tried('job', lambda: open('/in/job.json', 'a'))
tried('program', lambda: open('/app/main.py', 'a'))
tried('passwd', lambda: open('/etc/passwd'))
tried('host', lambda: os.listdir('/var'))
print('environment', sorted(k for k in os.environ if k.startswith('NADIR')))
print('root', sorted(os.listdir('/')))
"""


def test_what_is_out_of_reach(author, package, scene):
    job = ordered(author, package(PROBES + COPY), {"scene": scene})
    now = ended(author, job)
    log = author.get(f"/processing/jobs/{job}/logs").text
    assert now["status"] == "successful", log
    assert "DONE" not in log and log.count("refused") == 7
    assert "environment []" in log
    assert "'home'" not in log and "'var'" not in log


def test_giant_output_is_bounded(author, package, scene):
    program = "import sys\nfor i in range(60): sys.stdout.write(('%d' % i) * 1048576)\nprint('the end')\n" + COPY
    job = ordered(author, package(program), {"scene": scene})
    assert ended(author, job)["status"] == "successful"
    log = author.get(f"/processing/jobs/{job}/logs").text
    assert len(log) < 70000
    assert log.startswith("000") and "the end" in log


def test_bytes_that_are_no_text(author, package, scene):
    program = "import sys\nsys.stdout.buffer.write(b'progress 50 \\xff\\x00\\xfe<b>\\n\\x00\\xc3\\x28 caf\\xc3\\xa9\\n'); sys.stdout.flush()\n" + COPY
    job = ordered(author, package(program), {"scene": scene})
    assert ended(author, job)["status"] == "successful"
    assert "caf\u00e9" in author.get(f"/processing/jobs/{job}/logs").text


def test_a_result_without_rights_is_still_read(author, package, scene):
    assert run(author, package(COPY + "\nimport os; os.chmod('/out/result.tif', 0)"), {"scene": scene})["status"] == "successful"


def test_what_is_left_behind_does_not_outlive_the_job(author, package, scene):
    daemon = ("import os, time\nif os.fork() == 0:\n  os.setsid()\n  while True:\n    open('/out/tick', 'a').write('x'); time.sleep(0.01)\n"
              "time.sleep(0.3)\n")
    assert run(author, package(daemon + COPY), {"scene": scene})["status"] == "successful"
