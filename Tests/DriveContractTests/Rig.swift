import Basics
import Drive
