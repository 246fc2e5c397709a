/**
 * Models of operator sets 7 to 12 in the form of set 17: what was an attribute then and is an input now, and the few
 * operators whose meaning changed. Source: the operators' histories at https://onnx.ai/onnx/operators/.
 */
import {
  type Attribute,
  floatAttribute,
  floatsAttribute,
  type Graph,
  intAttribute,
  intsAttribute,
  type Node,
  OnnxError,
  opsetOf,
  type Subgraph,
  stringAttribute,
  type Tensor,
} from './graph/graph';
import { makeTensor } from './graph/tensor';

/** The oldest set that is read, the first that needs nothing done, and the one that older ones become. */
const [OLDEST, CURRENT, TARGET] = [7, 13, 17];

/** A graph of set 13 or later as it is, an older one raised. @throws {OnnxError} for sets before 7. */
export function upgrade(graph: Graph): Graph {
  const opset = opsetOf(graph);
  if (opset >= CURRENT) return graph;
  if (opset < OLDEST) {
    throw new OnnxError(`operator set ${opset}: export it with ${OLDEST} or later`);
  }
  return {
    ...graph,
    ...upgradeBody(graph, new Upgrade(opset, namesOf(graph))),
    opsets: { ...graph.opsets, '': TARGET },
  };
}

function namesOf({ inputs, nodes, initializers }: Subgraph): Set<string> {
  const names = new Set([...inputs.map((input) => input.name), ...initializers.keys()]);
  for (const node of nodes) {
    names.add(node.name);
    for (const output of node.outputs) names.add(output);
    for (const attribute of Object.values(node.attributes)) {
      if (attribute.type === 'graph') for (const name of namesOf(attribute.value)) names.add(name);
    }
  }
  return names;
}

function upgradeBody<G extends Subgraph>(graph: G, upgrade: Upgrade): G {
  const before = upgrade.initializers;
  upgrade.initializers = new Map(graph.initializers);
  const nodes = graph.nodes.flatMap((node) => {
    const attributes = Object.entries(node.attributes).map(
      ([name, attribute]): [string, Attribute] => [
        name,
        attribute.type === 'graph'
          ? { type: 'graph', value: upgradeBody(attribute.value, upgrade) }
          : attribute,
      ],
    );
    return upgrade.nodes({ ...node, attributes: Object.fromEntries(attributes) });
  });
  const result = { ...graph, nodes, initializers: upgrade.initializers };
  upgrade.initializers = before;
  return result;
}

class Upgrade {
  initializers = new Map<string, Tensor>();
  readonly #opset: number;
  readonly #names: Set<string>;

  constructor(opset: number, names: Set<string>) {
    this.#opset = opset;
    this.#names = names;
  }

  /** The node, or those that it becomes. */
  nodes(node: Node): Node[] {
    if (node.domain !== '') return [node];
    switch (node.op) {
      case 'Squeeze':
      case 'Unsqueeze':
      case 'ReduceSum':
        return [this.#listInput(node, 'axes', 1)];
      case 'Split':
        return [this.#listInput(node, 'split', 1)];
      case 'Slice':
        return [this.#slice(node)];
      case 'Pad':
        return [this.#opset < 11 ? this.#pad(node) : node];
      case 'Clip':
        return [this.#opset < 11 ? this.#clip(node) : node];
      case 'Dropout':
        return [
          this.#opset < 12 ? changed(node, { inputs: node.inputs.slice(0, 1) }, 'ratio') : node,
        ];
      case 'BatchNormalization':
        return [changed(node, { outputs: node.outputs.slice(0, 1) }, 'spatial', 'momentum')];
      case 'Softmax':
      case 'LogSoftmax':
      case 'Hardmax':
        return this.#softmax(node);
      case 'Upsample':
        return [this.#upsample(node)];
      case 'Resize':
        return [this.#opset < 11 ? this.#oldResize(node, node.inputs[1]!) : node];
      case 'Scatter':
        return [{ ...node, op: 'ScatterElements' }];
      default:
        return [node];
    }
  }

  #fresh(prefix: string): string {
    let name = prefix;
    for (let i = 0; this.#names.has(name); i++) name = `${prefix}_${i}`;
    this.#names.add(name);
    return name;
  }

  #constant(node: Node, name: string, tensor: Tensor): string {
    const value = this.#fresh(`${node.name}/${name}`);
    this.initializers.set(value, tensor);
    return value;
  }

  #list(node: Node, name: string, values: readonly number[]): string {
    return this.#constant(node, name, makeTensor(values, [values.length], 'int64'));
  }

  /** An attribute of integers as an input. */
  #listInput(node: Node, name: string, at: number): Node {
    const values = intsAttribute(node, name);
    if (!values) return node;
    const inputs = [...node.inputs];
    inputs[at] = this.#list(node, name, values);
    return changed(node, { inputs }, name);
  }

  #slice(node: Node): Node {
    const [starts, ends] = [intsAttribute(node, 'starts'), intsAttribute(node, 'ends')];
    if (!starts || !ends) return node;
    const axes = intsAttribute(node, 'axes') ?? starts.map((_, i) => i);
    const lists = Object.entries({ starts, ends, axes }).map(([n, v]) => this.#list(node, n, v));
    return changed(node, { inputs: [node.inputs[0]!, ...lists] }, 'starts', 'ends', 'axes');
  }

  #pad(node: Node): Node {
    const pads = this.#list(node, 'pads', intsAttribute(node, 'pads') ?? []);
    const value = floatAttribute(node, 'value', 0);
    const inputs = [node.inputs[0]!, pads];
    // A value of zero is what an omitted one means, of any element type.
    if (value !== 0) inputs.push(this.#constant(node, 'value', makeTensor([value], [], 'float32')));
    return changed(node, { inputs }, 'pads', 'value');
  }

  #clip(node: Node): Node {
    const bound = (name: string) => {
      if (node.attributes[name] === undefined) return '';
      return this.#constant(node, name, makeTensor([floatAttribute(node, name, 0)], [], 'float32'));
    };
    return changed(node, { inputs: [node.inputs[0]!, bound('min'), bound('max')] }, 'min', 'max');
  }

  /** Over all axes from `axis` on, which is 1 unless stated: today's runs along one. */
  #softmax(node: Node): Node[] {
    const axis = intAttribute(node, 'axis', 1);
    if (axis === -1) return [node];
    const [x, y] = [node.inputs[0]!, node.outputs[0]!];
    const value = (name: string) => this.#fresh(`${node.name}/${name}`);
    const [shape, rows, result] = [value('shape'), value('rows'), value('result')];
    const made = (op: string, inputs: string[], output: string, attributes = {}): Node => {
      return { name: output, op, domain: '', inputs, outputs: [output], attributes };
    };
    const last: Attribute = { type: 'int', value: -1 };
    return [
      made('Shape', [x], shape),
      made('Flatten', [x], rows, { axis: { type: 'int', value: axis } }),
      { ...node, inputs: [rows], outputs: [result], attributes: { axis: last } },
      { ...made('Reshape', [result, shape], y), name: this.#fresh(`${node.name}/reshape`) },
    ];
  }

  #upsample(node: Node): Node {
    const scales = floatsAttribute(node, 'scales');
    const tensor = scales && makeTensor(scales, [scales.length], 'float32');
    const value = tensor ? this.#constant(node, 'scales', tensor) : node.inputs[1]!;
    return this.#oldResize({ ...node, op: 'Resize' }, value);
  }

  /** Before set 11 an output position o stood for o / scale, rounded down. */
  #oldResize(node: Node, scales: string): Node {
    const text = (value: string): Attribute => ({ type: 'string', value });
    return {
      ...node,
      inputs: [node.inputs[0]!, '', scales],
      attributes: {
        mode: text(stringAttribute(node, 'mode', 'nearest')),
        coordinate_transformation_mode: text('asymmetric'),
        nearest_mode: text('floor'),
      },
    };
  }
}

/** A node with other inputs or outputs, and without some of its attributes. */
function changed(node: Node, other: Partial<Node>, ...without: string[]): Node {
  const kept = Object.entries(node.attributes).filter(([name]) => !without.includes(name));
  return { ...node, ...other, attributes: Object.fromEntries(kept) };
}
