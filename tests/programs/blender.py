"""Imports files into Blender, says what it sees, and renders their colours without light.

Usage: python blender.py JOB.json. The job names the files, the cameras and the box in which the object lies by its
own coordinates (y up); the report goes to standard output as JSON, the views beside the files as PNG.
"""

import json
import sys
from math import radians
from pathlib import Path

import bpy
from mathutils import Matrix, Vector

# From y up, front to +z, to Blender's z up, front to -y.
TURN = Matrix.Rotation(radians(90), 4, "X")

IMPORTERS = {
    ".glb": lambda path: bpy.ops.import_scene.gltf(filepath=path),
    ".obj": lambda path: bpy.ops.wm.obj_import(filepath=path),
    ".ply": lambda path: bpy.ops.wm.ply_import(filepath=path),
    ".stl": lambda path: bpy.ops.wm.stl_import(filepath=path),
    ".usdz": lambda path: bpy.ops.wm.usd_import(filepath=path),
}


def empty_scene():
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.preferences.addon_enable(module="io_scene_gltf2")
    bpy.ops.preferences.addon_enable(module="cycles")
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.cycles.samples = 8
    scene.cycles.use_denoising = False
    scene.cycles.use_adaptive_sampling = False
    scene.cycles.pixel_filter_type = "BOX"
    scene.cycles.max_bounces = 0
    scene.render.film_transparent = True
    scene.render.image_settings.file_format = "PNG"
    scene.render.image_settings.color_mode = "RGBA"
    scene.view_settings.view_transform = "Standard"
    return scene


def meshes():
    return [thing for thing in bpy.context.scene.objects if thing.type == "MESH"]


def points():
    """The vertices that triangles use, in the world."""
    return [thing.matrix_world @ vertex.co for thing in meshes() for vertex in thing.data.vertices]


def box_of(places):
    return [[pick(place[axis] for place in places) for axis in range(3)] for pick in (min, max)]


def triangles():
    total = 0
    for thing in meshes():
        thing.data.calc_loop_triangles()
        total += len(thing.data.loop_triangles)
    return total


def fit_into(box, suffix):
    """Moves the object to where its own coordinates, turned, have it, whatever its file's unit and origin are."""
    if suffix == ".ply":  # The format does not say what is up, and Blender takes it as it is.
        move_all(TURN)
    corners = [TURN @ Vector(corner) for corner in box]
    wanted = box_of(corners)
    found = box_of(points())
    scale = (wanted[1][2] - wanted[0][2]) / (found[1][2] - found[0][2])
    centre = [sum((Vector(end) for end in ends), Vector()) / 2 for ends in (wanted, found)]
    move_all(Matrix.Translation(centre[0]) @ Matrix.Scale(scale, 4) @ Matrix.Translation(-centre[1]))


def move_all(matrix):
    for thing in bpy.context.scene.objects:
        if thing.parent is None:
            thing.matrix_world = matrix @ thing.matrix_world
    bpy.context.view_layer.update()


def show_colours():
    """Lets what colours each surface shine by itself. A material that does so already stays."""
    for thing in meshes():
        mesh = thing.data
        if not mesh.materials or mesh.materials[0] is None:
            mesh.materials.clear()
            mesh.materials.append(bpy.data.materials.new("colours"))
            mesh.materials[0].use_nodes = True
        for material in mesh.materials:
            nodes, links = material.node_tree.nodes, material.node_tree.links
            surface = next((node for node in nodes if node.type == "BSDF_PRINCIPLED"), None)
            output = next(node for node in nodes if node.type == "OUTPUT_MATERIAL")
            if surface is None:
                continue
            shining = surface.inputs["Emission Color"]
            socket = surface.inputs["Base Color"]
            source = next((s.links[0].from_socket for s in (shining, socket) if s.is_linked), None)
            if source is None and mesh.color_attributes:
                attribute = nodes.new("ShaderNodeAttribute")
                attribute.attribute_name = mesh.color_attributes[0].name
                source = attribute.outputs["Color"]
            emission = nodes.new("ShaderNodeEmission")
            if source is not None:
                links.new(source, emission.inputs["Color"])
            links.new(emission.outputs["Emission"], output.inputs["Surface"])


def render(cameras, size, prefix):
    scene = bpy.context.scene
    scene.render.resolution_x = scene.render.resolution_y = size
    data = bpy.data.cameras.new("camera")
    eye = bpy.data.objects.new("camera", data)
    scene.collection.objects.link(eye)
    scene.camera = eye
    data.sensor_fit = "VERTICAL"
    for number, camera in enumerate(cameras):
        data.angle_y = radians(camera["fovy"])
        eye.matrix_world = TURN @ Matrix([camera["c2w"][4 * row : 4 * row + 4] for row in range(4)])
        scene.render.filepath = f"{prefix}-{number}.png"
        bpy.ops.render.render(write_still=True)


def main():
    job = json.loads(Path(sys.argv[1]).read_text())
    report = {}
    for file in job["files"]:
        path = Path(job["folder"], file)
        scene = empty_scene()
        IMPORTERS[path.suffix](str(path))
        bpy.context.view_layer.update()
        report[file] = {
            "box": box_of(points()),
            "triangles": triangles(),
            "unit": f"{scene.unit_settings.scale_length:g} m",
            "colours": [attribute.name for thing in meshes() for attribute in thing.data.color_attributes],
            "images": [list(image.size) for image in bpy.data.images if image.size[0]],
        }
        fit_into(job["box"], path.suffix)
        show_colours()
        render(job["cameras"], job["size"], f"{path}-blender")
    return bpy.app.version_string, report


version, files = main()
print("\n" + json.dumps({"version": version, "files": files}), flush=True)
