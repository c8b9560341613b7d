"""What processing's tests share: jobs from order to end, and packages."""
import io
import tarfile

from helpers import eventually

OGC = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/"
ENDS = ("successful", "failed", "dismissed")

# Copies the scene's band: the smallest program that makes a good result.
COPY = """
import json
from osgeo import gdal
band = json.load(open('/in/job.json'))['inputs']['scene']['assets']['red']
gdal.Translate('/out/result.tif', band['path'])
"""


def archive(files, kind="w:gz"):
    """A tar of {name: text, bytes or TarInfo}."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=kind) as tar:
        for name, content in files.items():
            if isinstance(content, tarfile.TarInfo):
                content.name = name
                tar.addfile(content)
                continue
            data = content.encode() if isinstance(content, str) else content
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def manifest(process, **changes):
    whole = {"id": process, "version": "1.0.0", "title": "Test", "runtime": "python3", "entry": "main.py",
             "inputs": {"scene": {"type": "scene", "bands": ["red"]}}, "outputs": {"made": {"title": "Made"}},
             "limits": {"memory_mb": 256, "seconds": 60, "disk_mb": 64}}
    whole.update(changes)
    return whole


def deploy(session, data, query=""):
    return session.post("/processing/v1/packages" + query, data=data, headers={"Content-Type": "application/gzip"})


def order(session, process, inputs, **headers):
    return session.post(f"/processing/processes/{process}/execution", json={"inputs": inputs},
                        headers={"Prefer": "respond-async", **headers})


def ordered(session, process, inputs, **headers):
    """The id of a job that was accepted."""
    answer = order(session, process, inputs, **headers)
    assert answer.status_code == 201, answer.text
    job = answer.json()["jobID"]
    assert answer.headers["Location"].endswith(f"/processing/jobs/{job}")
    return job


def status(session, job):
    answer = session.get(f"/processing/jobs/{job}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def ended(session, job, timeout=90):
    """The status of a job once it has ended."""

    def look():
        now = status(session, job)
        return now if now["status"] in ENDS else None

    return eventually(look, timeout, 0.2)


def run(session, process, inputs):
    return ended(session, ordered(session, process, inputs))
