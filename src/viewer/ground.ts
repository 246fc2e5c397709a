import { float, fwidth, length, positionLocal, smoothstep, uniform, vec3 } from 'three/tsl';
import * as THREE from 'three/webgpu';

/** Of the disc, in units of the object's sphere. */
const radius = 2.2;
const ringSpacing = 0.5;

/**
 * A disc of faint rings under the object's sphere: it shows how the camera stands. Seen from below it
 * is not there.
 */
export class Ground {
  readonly object: THREE.Object3D;
  readonly #geometry: THREE.PlaneGeometry;
  readonly #material: THREE.MeshBasicNodeMaterial;

  constructor() {
    this.#geometry = new THREE.PlaneGeometry(2 * radius, 2 * radius);
    this.#material = new THREE.MeshBasicNodeMaterial({
      transparent: true,
      depthTest: false,
      depthWrite: false,
    });
    const fromCentre = length(positionLocal.xy);
    const rings = fromCentre.div(ringSpacing);
    const toRing = rings.sub(0.5).fract().sub(0.5).abs().div(fwidth(rings));
    const fade = smoothstep(radius, 0.3 * radius, fromCentre);
    this.#material.colorNode = vec3(uniform(0.5));
    this.#material.opacityNode = float(1)
      .sub(smoothstep(0.4, 1.4, toRing))
      .mul(fade)
      .mul(0.4);
    const disc = new THREE.Mesh(this.#geometry, this.#material);
    disc.rotation.x = -Math.PI / 2;
    disc.position.y = -1;
    this.object = disc;
  }

  dispose(): void {
    this.#geometry.dispose();
    this.#material.dispose();
  }
}
