// Cameras and their rays (docs/method.md, "Cameras and rays"); twin of src/render/camera.ts. World right-handed,
// y up; the object is in the unit ball. Pixels: row 0 at the top.

struct Camera {
  right: vec3f,
  tan_half_fovy: f32,
  up: vec3f,
  back: vec3f,
  position: vec3f,
}

struct Ray {
  origin: vec3f,
  direction: vec3f, // of unit length
}

// The ray through `pixel` (x to the right, y down, in pixels; centres at halves) of a view of `size`.
fn camera_ray(camera: Camera, pixel: vec2f, size: vec2f) -> Ray {
  let plane = (2.0 * pixel - size) / size.y * camera.tan_half_fovy;
  let through = plane.x * camera.right - plane.y * camera.up - camera.back;
  return Ray(camera.position, normalize(through));
}

// Distances (near, far) at which a ray is inside the unit ball and in front of its origin;
// near = far where it misses.
fn ball_interval(ray: Ray) -> vec2f {
  let middle = -dot(ray.origin, ray.direction);
  // The point of the ray that is closest to the centre: no cancellation of large squares.
  let closest = ray.origin + middle * ray.direction;
  let half_squared = 1.0 - dot(closest, closest);
  if half_squared <= 0.0 {
    return vec2f(0.0);
  }
  let half = sqrt(half_squared);
  return max(vec2f(middle - half, middle + half), vec2f(0.0));
}
