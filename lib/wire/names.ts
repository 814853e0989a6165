import { fnv1a32 } from './fnv.js'

/**
 * Session names for terminals outside any session. Two words from a project's key, always the same for the same
 * key. Seed 000, "Environment Variables": `<noun>-<verb>`.
 */
const nouns = `
  acorn alder amber anchor anvil apple arbor arrow aspen aster atlas aurora badger bamboo banjo barley basil beacon
  beaver birch bison blossom bobcat boulder bramble breeze bridge brook buffalo butter cactus camel canyon cedar
  cello chalk cherry chestnut cider cinder cliff clover cobalt comet compass copper coral cotton coyote crane crater
  cricket crystal cypress daisy dawn delta desert dingo dolphin dove dragon drum dune eagle echo elder elm ember
  falcon feather fern ferret fiddle finch fjord flame flint flute forest fossil fox frost galaxy garnet gecko geyser
  ginger glacier granite grape grove gull harbor harp hawk hazel heron hickory hill holly honey ibis indigo iris
  island ivory ivy jackal jade jasmine jasper juniper kelp kestrel kite koala lagoon lantern lark lava lemon lilac
  lily linden lion lotus lynx magnet mango maple marble marlin meadow mesa meteor mint mirror moose moss mountain
  nectar nettle newt nutmeg oak oasis ocean olive onyx opal orbit orca orchid osprey otter owl oyster panda papaya
  parrot pebble pecan pelican pepper petal pigeon pine planet plum pond poplar poppy prairie prism puffin pumpkin
  quail quarry quartz rabbit raven reef ridge river robin rocket rose ruby saffron sage salmon sapphire seal sequoia
  shadow shell sparrow spruce squid star stone stork storm summit swan sycamore talon teal temple thistle thunder
  tiger topaz torch trout tulip tundra turtle valley velvet violet walnut willow wolf wren yarrow zebra zephyr`
const verbs = `
  arrives asks bakes balances beams begins bends blinks blooms boils bounces bows brews brings builds buzzes calls
  carries carves casts charges chases cheers chimes circles claps clears climbs coasts codes cooks counts crafts
  cruises dances dashes dazzles digs dines dives doodles drafts draws dreams dresses drifts drives drops drums
  emerges enters expands explores fades falls feeds finds fishes fixes flashes flickers flips floats flows flutters
  flies folds forges forms gathers gazes gives gleams glides glows grins grows guards guides hammers hangs helps
  hides hikes hops hovers howls hums hunts jogs joins juggles jumps keeps kicks kindles knits knocks lands laughs
  leads leans leaps learns lifts lights lingers listens looks loops makes marches meets melts mends mixes moves
  nests nods notes nudges opens orbits packs paddles paints parks passes pauses peeks picks plans plants plays
  points polishes pounces prints pulls pushes races rains reads rests rides rings rises roams roars rolls rows runs
  rushes sails scans seeks sends settles sews shapes shares shifts shines sings sits skates skips slides smiles
  snaps soars solves sows sparks speaks spins sprints stacks stands starts stays steers steps stirs strolls studies
  surfs sways sweeps swims swings tells tests thinks throws tickles tinkers toasts traces trades travels treks
  trots tumbles tunes turns twirls twists unfolds visits waits wakes walks waltzes wanders warms watches waves
  weaves whirls whistles winks wins wonders works writes yawns zooms`

const words = (text: string): string[] => text.trim().split(/\s+/)

/** `<noun>-<verb>` for a project's key (its git common directory, else its real path). */
export function nameFor(key: string): string {
  const [noun, verb] = [words(nouns), words(verbs)]
  const hash = fnv1a32(key)
  return `${noun[hash % noun.length]}-${verb[Math.floor(hash / noun.length) % verb.length]}`
}
